using System.Diagnostics;
using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// The one decision of the agent. Pure: the same views give the same decision. The view is null until the
/// store has answered for the first time.
/// </summary>
public static class Ha
{
    /// <summary>A postmaster that can't be started as primary this often in one term gives the lock up (SAFETY:
    /// three).</summary>
    public const int FailedStartsMax = 3;

    /// <summary>A replica may take this long to begin to stream before its history is compared with the
    /// leader's.</summary>
    public static readonly TimeSpan NotStreamingMax = TimeSpan.FromSeconds(2);

    public static HaDecision Decide(ClusterView? view, SelfView self, DynamicSettings settings)
    {
        var decision = Choose(view, self, settings);
        return settings.Pause && !self.Bootstrapping ? Pause.Of(decision) : decision;
    }

    /// <summary>Who released the lock starts again only so long after it: its start would slow down the promotion that
    /// clients wait for.</summary>
    static readonly TimeSpan OthersFirst = TimeSpan.FromSeconds(1);

    static HaDecision Choose(ClusterView? view, SelfView self, DynamicSettings settings) =>
        (self.Postgres.State, self.HasLease) switch
        {
            // Before any job: nothing outranks giving way.
            (PostgresState.Primary, false) => new Fence("primary without a counted lease"),
            (_, true) when CrashStart.TooLong(self, settings) is { } why => new Release(why),
            _ when self.Job is { } job => new Wait($"{job.Name} is still running"),
            _ when view is null => new Wait("the store has not answered yet"),
            // In a pause nobody would take over.
            (_, true) when !settings.Pause && GrayDisk.Holding(view, self, settings) is { } troubled => troubled,
            (_, true) when !settings.Pause && MuteServer.Holding(view, self, settings) is { } mute => mute,
            (_, true) => HoldLock(view, self, settings),
            _ when self is { LeasePending: true, WatchdogFailed: true } => new Release(Campaign.Unfit(self)!),
            _ when self.LeasePending => new Wait("the lock was taken, and its first renewal is not counted yet"),
            _ when self.StoreRestored => new Wait(
                "the store stands below what was seen before: restored from an old copy;"
                    + " an operator must raise term_base"),
            _ when Stranger(view, self) is { } why => new Wait(why),
            (not PostgresState.Replica, _) when view.Leader?.Holder != self.Name && GrayDisk.Bar(self) is { } why =>
                new Wait(why),
            _ when view.Leader is null => WithoutLeader(view, self, settings),
            _ when view.Leader.Holder == self.Name =>
                new Release("the lock is ours by name, and no counted lease of ours is in force"),
            _ when Takeover.Decide(view, view.Leader, self, settings) is { } takeover => takeover,
            _ when view.Leader.Term <= self.RefusalNoted => Refusing(view.Leader, self),
            _ => Rejoin.Decide(view, view.Leader, self, settings),
        };

    static HaDecision Refusing(LeaderView leader, SelfView self) => self.Postgres switch
    {
        { State: PostgresState.Stopped, Data: DataState.Usable } =>
            new StartReplica(Leader: null, $"term {leader.Term} is refused; runs without a source"),
        { State: PostgresState.Replica } when self.Refused < leader.Term =>
            new Refuse(leader.Term, $"the refusal of term {leader.Term} is noted, and not yet seen carried out"),
        _ => new Wait($"term {leader.Term} of {leader.Holder} is refused: waits for a newer one"),
    };

    static string? Stranger(ClusterView view, SelfView self) =>
        view.Initialize is { Length: > 0 } cluster && self.Postgres.SystemIdentifier is { } ours && ours != cluster
            ? $"system identifier {ours} of this data directory is not {cluster} of the cluster"
            : null;

    static HaDecision HoldLock(ClusterView view, SelfView self, DynamicSettings settings) => self.Postgres.State switch
    {
        PostgresState.Primary when self.Bootstrapping => new FinishBootstrap("the first primary runs"),
        PostgresState.Primary when Newer(view, self) is { } why => new StepDown(TimeSpan.Zero, why),
        PostgresState.Primary when view.Failover is { } wish => Switchover.Decide(view, wish, self, settings),
        PostgresState.Primary when view.Members.FirstOrDefault(member => member.Refused >= self.Term) is { } refusing =>
            new LeaveTerm(self.Term, $"{refusing.Name} refuses term {self.Term}, and the lease is in force"),
        PostgresState.Primary => Leadership.Decide(view, self, settings, "primary, and holder of the lock"),
        // The transaction that took the lock wrote /sync too: names from an older one would miss a voter.
        PostgresState.Replica when settings.SynchronousMode != SynchronousMode.Off
            && view.Sync is { Leader: { } named } && named != self.Name =>
            new Wait($"holds the lock, and the view still shows /sync of {named}"),
        PostgresState.Replica => new Promote(self.Term, NamesOf(view, settings), "holds the lock, not yet primary"),
        PostgresState.Starting => new Wait("PostgreSQL is starting under the lock"),
        PostgresState.Stopped when self.Postgres.Data != DataState.Usable =>
            new Release($"the data directory is {self.Postgres.Data}"),
        // Started as a primary it would write where others have gone on, under the number of their timeline.
        PostgresState.Stopped when self.Postgres.WasReplica => new Release("the replica ended before its promotion"),
        PostgresState.Stopped when self.FailedStarts >= FailedStartsMax =>
            new Release($"{self.FailedStarts} starts failed in term {self.Term}"),
        PostgresState.Stopped when CrashStart.BetterElsewhere(view, self, settings) is { } why => new Release(why),
        PostgresState.Stopped => new StartPrimary(
            self.Term, NamesOf(view, settings), "PostgreSQL ended under the lock: start it in place"),
        _ => throw new UnreachableException($"{self.Postgres.State}"),
    };

    // What the newer reign acknowledged is not here.
    static string? Newer(ClusterView view, SelfView self) =>
        view.Leader is { } held && held.Holder == self.Name
        && view.Members.FirstOrDefault(member => member.Seen > held.Term && member.Seen > self.Term) is { } witness
            ? $"{witness.Name} has seen term {witness.Seen}, and the lock is of term {held.Term}: the store was"
                + " restored from a copy that is older than the last reign"
            : null;

    static SyncNames NamesOf(ClusterView view, DynamicSettings settings) =>
        SyncQuorum.NamesOf(view.Sync?.Standbys ?? [], view.Sync?.Quorum ?? 0, settings);

    static HaDecision WithoutLeader(ClusterView view, SelfView self, DynamicSettings settings) =>
        (self.Postgres.Data, self.Postgres.State) switch
        {
            _ when self.WatchdogFailed && view.Initialize is not { Length: > 0 } => new Wait(Campaign.Unfit(self)!),
            _ when self.Bootstrapping || view.Initialize is not { Length: > 0 } =>
                Bootstrap.Decide(view, self),
            (DataState.Empty, _) => new Wait("no data here, and no leader to clone from"),
            (DataState.Unfinished, _) =>
                new Wait("a clone or rewind was interrupted here, and there is no leader to clone from"),
            (_, PostgresState.Stopped) when LeavesItToOthers(view, self) =>
                new Wait("the lock was released here, and others can take it"),
            (_, PostgresState.Stopped) =>
                new StartReplica(Leader: null, "stopped; only a running replica can campaign"),
            (_, PostgresState.Starting) => new Wait("PostgreSQL is starting"),
            (_, PostgresState.Replica) => Campaign.Decide(view, self, settings),
            _ => throw new UnreachableException($"{self.Postgres.State}"),
        };

    static bool LeavesItToOthers(ClusterView view, SelfView self) =>
        self.Lock == LockFreedom.Released && view.Release?.By == self.Name && self.Leaderless < OthersFirst
        && view.Members.Any(member => member.Name != self.Name && member.State == "running");
}
