using System.Collections.Immutable;

namespace Holdfast.Cluster.Model;

/// <summary>What this node knows of itself when it decides: observed facts and their ages, no clock.</summary>
public sealed record SelfView
{
    public required NodeName Name { get; init; }
    public required PostgresView Postgres { get; init; }

    /// <summary>True while a counted lease is in force: the only right to let PostgreSQL write.</summary>
    public bool HasLease { get; init; }

    /// <summary>The term of that lease.</summary>
    public Term Term { get; init; }

    /// <summary>The lock was taken, and its first renewal is not counted yet.</summary>
    public bool LeasePending { get; init; }

    public JobView? Job { get; init; }

    /// <summary>A primary lets clients in: its start is on record, and a commit of its own met the synchronous
    /// rule.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The work on that, which goes on beside <see cref="Job"/>.</summary>
    public JobView? Opening { get; init; }

    /// <summary>How old the view of the cluster is.</summary>
    public TimeSpan ViewAge { get; init; }

    /// <summary>How long this node has seen no leader; null while there is one.</summary>
    public TimeSpan? Leaderless { get; init; }

    /// <summary>The newest term that this node has ever seen.</summary>
    public Term LastTerm { get; init; }

    /// <summary>This node never again streams from a primary of this term or an older one.</summary>
    public Term RefusalNoted { get; init; }

    /// <summary>The same, and it surely does not stream from one now: what was looked up since is final, and others may
    /// count it. Not known after a restart of the agent, until the refusal is carried out again.</summary>
    public Term Refused { get; init; }

    /// <summary>How long neither write-ahead log nor a pulse of the present leader has been heard; null: this leader's
    /// pulses never were, and its silence proves nothing.</summary>
    public TimeSpan? Silence { get; init; }

    /// <summary>How long this node is still bound by its promise to let the primary go on without the store; null: by
    /// none.</summary>
    public TimeSpan? Promised { get; init; }

    /// <summary>The deadline in force rests on the members' word, since the store is silent.</summary>
    public bool OnFailsafe { get; init; }

    /// <summary>Whether the lock that vanished is really free.</summary>
    public LockFreedom Lock { get; init; }

    /// <summary>The store stands below what was seen before: it was restored from an old copy, or made anew.</summary>
    public bool StoreRestored { get; init; }

    /// <summary>What peers answered in this turn; empty when none was asked.</summary>
    public ImmutableArray<PeerAnswer> Peers { get; init; } = [];

    /// <summary>This node claimed the bootstrap and has not finished it.</summary>
    public bool Bootstrapping { get; init; }

    /// <summary>Hosts of the file; empty where the file does not say.</summary>
    public ImmutableArray<NodeName> Hosts { get; init; } = [];

    /// <summary>How long <c>initialize</c> has been empty with nobody at work.</summary>
    public TimeSpan? InitializeAbandoned { get; init; }

    /// <summary>What the comparison of histories with the leader of this term said.</summary>
    public HistoryView? History { get; init; }

    /// <summary>How long ago that was; null: it was not asked since.</summary>
    public TimeSpan? HistoryAge { get; init; }

    /// <summary>How long a running replica has not streamed and replayed nothing; null while it streams.</summary>
    public TimeSpan? NotStreaming { get; init; }

    /// <summary>Starts that failed in this term.</summary>
    public int FailedStarts { get; init; }

    /// <summary>How long the postmaster has been starting; null unless it is.</summary>
    public TimeSpan? Starting { get; init; }

    /// <summary>How far its changes to the synchronous set have come, on a primary.</summary>
    public SyncProgress Sync { get; init; } = new();

    /// <summary>How long a primary has had no streaming standby; null while it has one.</summary>
    public TimeSpan? Alone { get; init; }
    /// <summary>How long a postmaster that was a primary has not answered though it lives; null: it answers.</summary>
    public TimeSpan? Mute { get; init; }
    public bool NoFailover { get; init; }
    public int FailoverPriority { get; init; } = 1;

    /// <summary>How long the last start as primary took on this host; null until there was one.</summary>
    public TimeSpan? ExpectedStart { get; init; }

    /// <summary>The last clone, when it failed; null once one worked.</summary>
    public FailureView? CloneFailed { get; init; }

    /// <summary>A watchdog is required here, and does not work.</summary>
    public bool WatchdogFailed { get; init; }

    /// <summary>What the write probe says.</summary>
    public DiskView Disk { get; init; } = DiskView.Well;
}

public sealed record FailureView(string Why, TimeSpan Age);

public enum LockFreedom
{
    /// <summary>Not known: nobody saw who held it, or the store did not say.</summary>
    Unknown,

    /// <summary>Its lease has ended.</summary>
    Free,

    /// <summary>Its owner gave it up, and its PostgreSQL no longer writes.</summary>
    Released,

    /// <summary>The lease lives though the key is gone: deleted by hand, its owner may still write.</summary>
    LeaseAlive,
}

/// <param name="Term">Of the leader compared with; another term makes this stale.</param>
public sealed record HistoryView(Term Term, HistoryVerdict Verdict, bool RewindTried)
{
    /// <summary>Compared while the leader was still being promoted. Same is then enough to follow it once it writes:
    /// PostgreSQL itself turns away from a timeline that left its own before what it has replayed. Anything else is
    /// asked again.</summary>
    public bool IsEarly { get; init; }
}

public enum HistoryVerdict
{
    /// <summary>Local history is a prefix of the source's: stream.</summary>
    Same,

    /// <summary>Local history went past the point where the source's timeline left it: rewind, else clone.</summary>
    Diverged,

    /// <summary>Another system identifier: never join.</summary>
    OtherSystem,

    /// <summary>Local history fits, and the source no longer has the log that comes next: clone.</summary>
    Removed,

    /// <summary>The source did not answer; ask again.</summary>
    Unknown,
}
