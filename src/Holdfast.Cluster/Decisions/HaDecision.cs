using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>What to do next, and why. Nested and sealed: this list is the whole vocabulary.</summary>
public abstract record HaDecision(string Why)
{
    public sealed record Wait(string Why) : HaDecision(Why);

    /// <summary>Claims <c>initialize</c>: the right to create the cluster.</summary>
    public sealed record ClaimBootstrap(string Why) : HaDecision(Why);

    /// <summary>Removes an abandoned claim by comparison.</summary>
    public sealed record ClearBootstrap(string Why) : HaDecision(Why);

    /// <summary>initdb.</summary>
    public sealed record Initialize(string Why) : HaDecision(Why);

    /// <summary>Roles, databases, and the system identifier in the store: the cluster is then open for
    /// others.</summary>
    public sealed record FinishBootstrap(string Why) : HaDecision(Why);

    /// <summary>From now on, for ever, streams from no primary of this term or an older one. Its position is final
    /// then.</summary>
    public sealed record Refuse(Term Term, string Why) : HaDecision(Why);

    /// <summary>Takes the lock if it is still at <paramref name="LeaderRevision"/> (0: nobody has it) and /sync is
    /// still
    /// as seen; writes /sync for the new reign with it. Meanwhile PostgreSQL learns the names that belong to
    /// that.</summary>
    public sealed record TakeLock(SyncKey Sync, SyncNames Names, long SyncRevision, long LeaderRevision, string Why)
        : HaDecision(Why);

    /// <summary>Named to take over, while the primary still serves: PostgreSQL gets the slots and learns the names that
    /// its promotion will need.</summary>
    public sealed record MakeReady(SyncNames Names, string Why) : HaDecision(Why);

    /// <summary>Promotes the running replica with these names in force.</summary>
    public sealed record Promote(Term Term, SyncNames Names, string Why) : HaDecision(Why);

    /// <summary>Starts the stopped PostgreSQL as the primary that it was.</summary>
    public sealed record StartPrimary(Term Term, SyncNames Names, string Why) : HaDecision(Why);

    /// <summary>Goes on as primary: publishes, keeps slots and settings, and takes one step of the synchronous
    /// set.</summary>
    public sealed record Lead(SyncStep Sync, string Why) : HaDecision(Why);

    /// <summary>Puts the lock on a fresh lease, for a new term: a member refuses this one.</summary>
    public sealed record LeaveTerm(Term Term, string Why) : HaDecision(Why);

    /// <summary>Planned: checkpoint, stop, wait for the candidate, release.</summary>
    public sealed record HandOver(NodeName Candidate, string Why) : HaDecision(Why);

    /// <summary>Removes an operator's wish that can't be granted.</summary>
    public sealed record ClearFailover(string Why) : HaDecision(Why);

    /// <summary>Gives up the lock; PostgreSQL does not write here.</summary>
    public sealed record Release(string Why) : HaDecision(Why);

    /// <summary>Stops a primary that can't write, for <paramref name="StopLimit"/> gently, and releases the lock: no
    /// checkpoint first, and no waiting for processes that a hung disk keeps.</summary>
    public sealed record StepDown(TimeSpan StopLimit, string Why) : HaDecision(Why);

    /// <summary>Kills a PostgreSQL that writes without the right to.</summary>
    public sealed record Fence(string Why) : HaDecision(Why);

    public sealed record StartReplica(NodeName? Leader, string Why) : HaDecision(Why);
    public sealed record Follow(NodeName Leader, string Why) : HaDecision(Why);

    /// <summary>Compares local history with the leader's.</summary>
    /// <param name="Leader">Who has the lock.</param>
    /// <param name="Term">Of that lock.</param>
    /// <param name="IsEarly">The leader is still being promoted: <see cref="HistoryView.IsEarly"/>.</param>
    /// <param name="Why">The reason.</param>
    public sealed record CompareHistory(NodeName Leader, Term Term, bool IsEarly, string Why) : HaDecision(Why);

    /// <summary>Stops PostgreSQL if it runs; the next turn rewinds or clones.</summary>
    public sealed record StopReplica(string Why) : HaDecision(Why);
    public sealed record Rewind(NodeName Leader, Term Term, string Why) : HaDecision(Why);
    public sealed record CloneFrom(NodeName Leader, string Why) : HaDecision(Why);
}
