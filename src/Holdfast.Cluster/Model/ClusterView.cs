using System.Collections.Immutable;
using System.Text.Json;
using Holdfast.Foundation.Json;

namespace Holdfast.Cluster.Model;

/// <summary>What the store says of one cluster, as one immutable value. Everything in it was read at <see
/// cref="Revision"/>.</summary>
public sealed record ClusterView
{
    /// <summary>etcd's revision of the newest fact in this view.</summary>
    public required long Revision { get; init; }

    /// <summary>The identity of the etcd cluster that answered; another one is a recreated store.</summary>
    public ulong StoreId { get; init; }

    /// <summary>What every term of this store is raised by (a restored store counts its revisions anew).</summary>
    public long TermBase { get; init; }

    /// <summary>mod_revision of that base, 0 without one: what is older is of the copy that was restored.</summary>
    public long TermBaseRevision { get; init; }

    /// <summary>Null: absent; empty: somebody bootstraps; else the system identifier, decimal.</summary>
    public string? Initialize { get; init; }

    public LeaderView? Leader { get; init; }

    /// <summary>The record that the last leader left when it gave the lock up of its own will.</summary>
    public ReleaseView? Release { get; init; }

    public ImmutableArray<MemberView> Members { get; init; } = [];

    public SyncView? Sync { get; init; }

    /// <summary>The last starts of primaries, the oldest first, without a gap; empty where the store was restored
    /// since: nobody knows then what it has forgotten.</summary>
    public ImmutableArray<PrimaryStart> Starts { get; init; } = [];

    /// <summary>mod_revision of their key; 0 when absent.</summary>
    public long StartsRevision { get; init; }

    public FailoverView? Failover { get; init; }

    /// <summary>Who must confirm the primary while the store is silent, with their REST addresses; empty when failsafe
    /// mode is off.</summary>
    public ImmutableSortedDictionary<NodeName, string> Failsafe { get; init; } =
        ImmutableSortedDictionary<NodeName, string>.Empty;

    /// <summary>The dynamic configuration; null while the store has none.</summary>
    public DynamicSettings? Settings { get; init; }

    /// <summary>mod_revision of the config key; 0 when absent.</summary>
    public long SettingsRevision { get; init; }

    /// <summary>The leader's position as it last wrote it (key <c>status</c>).</summary>
    public Lsn LeaderPosition { get; init; }

    /// <summary>The text of the history key, Patroni's JSON list; null when absent.</summary>
    public string? History { get; init; }

    /// <summary>The cluster's last timeline by <see cref="History"/>; 0 when that says nothing.</summary>
    public int LastTimeline
    {
        get
        {
            var lines = LooseJson.Parse(History);
            return lines is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() is > 0 and var count
                && list[count - 1] is { ValueKind: JsonValueKind.Array } last && last.GetArrayLength() > 0
                && last[0] is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var ended)
                ? ended + 1
                : 0;
        }
    }

    /// <summary>The start that followed that of this postmaster; null: none has yet, or its own is not in the
    /// list.</summary>
    public PrimaryStart? StartAfter(NodeName by, long postmasterStarted)
    {
        for (var at = Starts.Length - 2; at >= 0; at--)
        {
            if (Starts[at].By == by && Starts[at].IsComplete && Starts[at].PostmasterStarted == postmasterStarted)
                return Starts[at + 1];
        }
        return null;
    }

    /// <summary>The failover_priority of a member; 1 where it says nothing.</summary>
    public int PriorityOf(NodeName name) => Member(name)?.FailoverPriority ?? 1;

    public MemberView? Member(NodeName name)
    {
        foreach (var member in Members)
        {
            if (member.Name == name)
                return member;
        }
        return null;
    }
}

/// <summary>Who holds the leader lock. <paramref name="ModRevision"/> is etcd's; <paramref name="Term"/> = base +
/// it.</summary>
public sealed record LeaderView(NodeName Holder, Term Term, long ModRevision, long LeaseId);

/// <summary>The lock of <paramref name="Term"/> was given up by its owner, whose PostgreSQL no longer writes.</summary>
public sealed record ReleaseView(NodeName By, Term Term, string Why)
{
    /// <summary>Where the record of a clean shutdown stands, and on which timeline: the last that this reign wrote.
    /// Null where it did not end cleanly.</summary>
    public (int Timeline, Lsn At)? End { get; init; }

    /// <summary>Who was seen to have that record, and has been made ready to take over; null: nobody.</summary>
    public NodeName? To { get; init; }
    public long ModRevision { get; init; }
}

/// <summary>
/// Patroni's key <c>sync</c>. <paramref name="Standbys"/> never contains the leader, and is in name order.
/// A candidate among them needs answers of <paramref name="Quorum"/> others of them.
/// </summary>
public sealed record SyncView(NodeName? Leader, ImmutableArray<NodeName> Standbys, int Quorum, long ModRevision);

/// <summary>Patroni's key <c>failover</c>: an operator's wish. Absent parts are null.</summary>
public sealed record FailoverView(NodeName? Leader, NodeName? Candidate, string? ScheduledAt, long ModRevision);

/// <summary>A member as it describes itself (<c>members/NAME</c>). Words of state and role are Patroni's.</summary>
public sealed record MemberView
{
    public required NodeName Name { get; init; }

    /// <summary>For example <c>postgres://10.77.0.11:5432/postgres</c>.</summary>
    public string ConnUrl { get; init; } = "";

    /// <summary>For example <c>http://10.77.0.11:8008/patroni</c>.</summary>
    public string ApiUrl { get; init; } = "";

    public string State { get; init; } = "";
    public string Role { get; init; } = "";
    public string Version { get; init; } = "";
    public Lsn Position { get; init; }
    public Lsn? Received { get; init; }
    public Lsn? Replayed { get; init; }
    public string? ReplicationState { get; init; }
    public int? Timeline { get; init; }
    public bool NoFailover { get; init; }
    public bool NoLoadBalance { get; init; }
    public bool NoSync { get; init; }

    /// <summary>Among candidates that are equally far on the highest is promoted.</summary>
    public int FailoverPriority { get; init; } = 1;

    /// <summary>In plain synchronous mode the highest are chosen.</summary>
    public int SyncPriority { get; init; } = 1;

    /// <summary>True while it waits for a restart to apply a parameter.</summary>
    public bool PendingRestart { get; init; }

    /// <summary>The term whose primary this member runs, as it says itself; <see cref="Term.None"/> on a
    /// replica.</summary>
    public Term Term { get; init; }

    /// <summary>The newest term whose primary this member refuses.</summary>
    public Term Refused { get; init; }

    /// <summary>The newest term that this member has seen. A store that stands below it was restored from an old
    /// copy.</summary>
    public Term Seen { get; init; }

    /// <summary>It knows the rules of the early takeover and, as a primary, lets no commit by without its
    /// standbys.</summary>
    public bool Takeover { get; init; }

    /// <summary>The trouble of its disk, as <see cref="DiskView.Word"/> says it; empty when all is well, and from a
    /// Patroni member.</summary>
    public string Disk { get; init; } = "";

    /// <summary>On a primary that serves: its postmaster, as <see cref="PrimaryStart.PostmasterStarted"/>; 0: it does
    /// not say.</summary>
    public long PostmasterStarted { get; init; }

    /// <summary>It is still primary, and about to hand over: what begins now waits for the next primary, what is under
    /// way may finish.</summary>
    public bool HandsOver { get; init; }

    /// <summary>On a primary that is about to hand over: to whom, so that proxies may log in there before anybody has
    /// to wait; null: nobody.</summary>
    public NodeName? Successor { get; init; }

    /// <summary>Host and port of <see cref="ConnUrl"/>; null when it can't be read.</summary>
    public (string Host, int Port)? Address =>
        Uri.TryCreate(ConnUrl, UriKind.Absolute, out var uri) && uri.Port > 0 ? (uri.Host, uri.Port) : null;
}
