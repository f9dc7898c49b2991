using Holdfast.Agent.Act;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent;

/// <summary>What the loop remembers from turn to turn. Owned by the loop's thread; nobody else sees it.</summary>
internal sealed class AgentState
{
    /// <summary>The last leader seen, also after it is gone.</summary>
    public LeaderView? LastLeader { get; set; }
    public TimeSpan? LeaderlessSince { get; set; }

    /// <summary>The newest refused term whose walreceiver was seen gone after the note.</summary>
    public Term RefusalInForce { get; set; }
    public TimeSpan? InitializeEmptySince { get; set; }
    public HistoryView? History { get; set; }
    public TimeSpan? HistoryAt { get; set; }
    public TimeSpan? NotStreamingSince { get; set; }

    /// <summary>What it had replayed when it was last looked at.</summary>
    public Lsn? ReplayedThen { get; set; }
    public bool StreamedThen { get; set; }
    public (string Why, TimeSpan At)? CloneFailed { get; set; }
    public TimeSpan? AloneSince { get; set; }
    public TimeSpan? StartingSince { get; set; }

    /// <summary>The postmaster that last answered as a primary.</summary>
    public ProcessIdentity? PrimaryProcess { get; set; }
    public TimeSpan? MuteSince { get; set; }

    /// <summary>Failed starts as primary in <see cref="StartsTerm"/>.</summary>
    public int FailedStarts { get; set; }
    public Term StartsTerm { get; set; }

    /// <summary>When the start as primary began that has not ended yet.</summary>
    public TimeSpan? StartBeganAt { get; set; }

    /// <summary>How far the changes to the synchronous set have come.</summary>
    public SyncProgress Sync { get; set; } = new();

    /// <summary>The revision of the settings that PostgreSQL has.</summary>
    public long? SettingsApplied { get; set; }

    /// <summary>The reign that began with our own promotion and is not recorded yet.</summary>
    public Reign? Reign { get; set; }

    /// <summary>The next decision that needs a comparison makes a new one; that a rewind was tried is kept.</summary>
    public void ForgetComparison()
    {
        if (History is { Verdict: HistoryVerdict.Same or HistoryVerdict.Removed } stale)
            (History, HistoryAt) = (stale with { Verdict = HistoryVerdict.Unknown }, null);
    }

    /// <summary>The last intent of a start that is known to stand in the store under our present lock.</summary>
    public StartIntent? Intent { get; set; }

    /// <summary>The number of an intent of which it is not known whether it was written.</summary>
    public long? IntentUnsure { get; set; }

    /// <summary>It was said that a start waits for its intent.</summary>
    public bool IntentWaits { get; set; }

    /// <summary>Of the last primary that was seen here.</summary>
    public OpeningState? Opening { get; set; }

    /// <summary>The hand over under way, and whether proxies are told of it.</summary>
    public HandOverWord? HandOver { get; set; }

    public Term HistoryWrittenFor { get; set; }

    /// <summary>The member key as it was written last, and the same without positions; null: not under the present
    /// lease.</summary>
    public MemberView? MemberWritten { get; set; }
    public MemberView? MemberNews { get; set; }

    /// <summary>At which revision that was.</summary>
    public long MemberRevision { get; set; }

    /// <summary>When positions and the member's lease were last renewed.</summary>
    public TimeSpan? PositionsAt { get; set; }
    public Lsn StatusWritten { get; set; }
    public TimeSpan? StatusAt { get; set; }
    public long MemberLease { get; set; }
    public TimeSpan MemberLeaseTtl { get; set; }
}

/// <summary>The life of one failover so far, as the new leader saw it. Times are CLOCK_BOOTTIME.</summary>
internal sealed record Reign(Term Term, NodeName? Before, string Cause, TimeSpan LeaderlessAt, TimeSpan LockAt)
{
    public string Votes { get; init; } = "";
    public TimeSpan? CountedAt { get; init; }
    public TimeSpan? PromotedAt { get; init; }
}
