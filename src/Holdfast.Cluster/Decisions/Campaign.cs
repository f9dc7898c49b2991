using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>Whether this replica may take the free lock. Positions come from answers of this very turn, never from
/// keys.</summary>
static class Campaign
{
    /// <summary>A candidate that an operator named, or the leader that handed over, has this long before the others may
    /// step in.</summary>
    static readonly TimeSpan NamedCandidateFirst = TimeSpan.FromSeconds(2);

    /// <summary>Whoever has a higher priority has this long before the next one takes the lock: it may see less than
    /// we do.</summary>
    static readonly TimeSpan HigherPriorityFirst = TimeSpan.FromSeconds(1);

    public static HaDecision Decide(ClusterView view, SelfView self, DynamicSettings settings)
    {
        if (NotYet(view, self) is { } early)
            return new Wait(early);
        // Before anything is counted, and also by those who may not win: a position is final only when nobody streams.
        var over = Over(self);
        if (self.Lock != LockFreedom.Released && self.Refused < over)
            return new Refuse(over, $"the lock of term {over} is gone");
        if (Bar(view, self) is { } why)
            return new Wait(why);
        if (settings.Pause && view.Failover?.Candidate != self.Name)
            return new Wait("paused: only a candidate that an operator names is promoted");
        if (settings.CheckTimeline && self.Postgres.Timeline < view.LastTimeline)
            return new Wait($"timeline {self.Postgres.Timeline} is older than the cluster's {view.LastTimeline}");
        var ahead = self.Peers.FirstOrDefault(peer => Ahead(peer, self.Postgres));
        // While the key still names voters, commits may have been acknowledged that only they have.
        var isOff = settings.SynchronousMode == SynchronousMode.Off;
        return view.Sync is null or { Leader: null } || (isOff && view.Sync.Standbys.IsEmpty)
            ? Asynchronous(view, self, settings, ahead)
            : Synchronous(view, view.Sync, self, settings, ahead);
    }

    /// <summary>Why the old term is not surely over.</summary>
    static string? NotYet(ClusterView view, SelfView self)
    {
        if (self.Promised is { } promised)
            return $"bound for {promised.TotalSeconds:0.0} s by the promise to let the primary go on without the store";
        if (self.Lock == LockFreedom.LeaseAlive)
            return "the lock is gone but its lease lives: deleted by hand, its owner may still write";
        if (self.Lock == LockFreedom.Unknown && !(self.Leaderless > LockUnknownFor(view)))
            return "it is not known yet whether the last owner's lease has ended";
        return null;
    }

    /// <summary>What bars this node from leading at all; it may vote.</summary>
    internal static string? Unfit(SelfView self) =>
        self.NoFailover ? "tagged nofailover"
        : self.WatchdogFailed ? "the watchdog is required, and does not work"
        : GrayDisk.Bar(self);

    /// <summary>What bars a candidate in every mode.</summary>
    static string? Bar(ClusterView view, SelfView self)
    {
        if (Unfit(self) is { } unfit)
            return unfit;
        if (!view.Failsafe.IsEmpty && !view.Failsafe.ContainsKey(self.Name))
            return "not in /failsafe: the last leader may go on without asking this node";
        if (Named(view, self) is { } named && named != self.Name && self.Leaderless < NamedCandidateFirst)
            return $"{named} was named as candidate";
        if (self.Peers.FirstOrDefault(peer => peer.HasLease || peer.Role is "primary" or "master") is { } alive)
            return $"{alive.Name} says that it is primary";
        return null;
    }

    static NodeName? Named(ClusterView view, SelfView self) =>
        view.Failover?.Candidate ?? (self.Lock == LockFreedom.Released ? view.Release?.To : null);

    // Whatever lease there was has ended by then, even if a new etcd leader renewed it in full.
    static TimeSpan LockUnknownFor(ClusterView view) => 2 * (view.Settings?.Ttl ?? TimeSpan.FromSeconds(30));

    static HaDecision Asynchronous(ClusterView view, SelfView self, DynamicSettings settings, PeerAnswer? ahead)
    {
        var position = self.Postgres.Position;
        var lag = view.LeaderPosition > position ? view.LeaderPosition.Value - position.Value : 0;
        if (lag > settings.MaximumLagOnFailover)
            return new Wait($"{lag} bytes behind the last leader, limit {settings.MaximumLagOnFailover}");
        return ahead is { NoFailover: false }
            ? new Wait($"{ahead.Name} is ahead, at {ahead.Position}")
            : Take(view, self, settings, $"lock is free, {lag} bytes behind the last leader, nobody ahead");
    }

    static HaDecision Synchronous(
        ClusterView view, SyncView sync, SelfView self, DynamicSettings settings, PeerAnswer? ahead)
    {
        if (HasAll(view, sync, self))
            return Take(view, self, settings, "lock was released, and the record of the last shutdown is here");
        var answered = self.Peers.Count(peer => Vouches(peer, self) && sync.Standbys.Contains(peer.Name));
        if (!EverybodyAnswers(sync, self) && Ineligible(view, sync, self, answered) is { } why)
            return new Wait(why);
        return ahead is not null
            ? new Wait($"{ahead.Name} is ahead, at {ahead.Position}")
            : Take(view, self, settings,
                $"lock is free, {answered} other voters answered, none is ahead of {self.Postgres.Position}");
    }

    static string? Ineligible(ClusterView view, SyncView sync, SelfView self, int answered)
    {
        if (sync.ModRevision < view.TermBaseRevision)
            return "/sync is of the copy that the store was restored from: every host must answer";
        // The last leader has all that it ever acknowledged; a voter has it if enough others answer and none is ahead.
        if (sync.Leader == self.Name)
            return null;
        if (!sync.Standbys.Contains(self.Name))
            return "not in /sync: it might lack an acknowledged commit";
        return answered < sync.Quorum ? $"{answered} other voters answered, {sync.Quorum} must" : null;
    }

    // Nothing was written after that record. Every reign begins with a new /sync: none has begun since the release.
    static bool HasAll(ClusterView view, SyncView sync, SelfView self) =>
        self.Lock == LockFreedom.Released && view.Release is { End: { } end } release
        && sync.Leader == release.By && sync.ModRevision < release.ModRevision
        && sync.ModRevision >= view.TermBaseRevision
        && self.Postgres.Timeline == end.Timeline && self.Postgres.Position > end.At;

    // Whoever acknowledged a commit is among them all. One that has no data, or is being cloned or rewound, has nothing
    // that the leader it was to follow had not.
    static bool EverybodyAnswers(SyncView sync, SelfView self) =>
        !self.Hosts.IsEmpty
        && sync.Standbys.Append(sync.Leader!.Value).All(name => self.Hosts.Contains(name))
        && self.Hosts.All(host => host == self.Name
            || self.Peers.Any(peer => peer.Name == host
                && (Vouches(peer, self) || peer.Data is DataState.Empty or DataState.Unfinished)));

    // Last of all: a priority decides only between those who have the same, and both may take the lock.
    static HaDecision Take(ClusterView view, SelfView self, DynamicSettings settings, string why) =>
        self.Leaderless < HigherPriorityFirst && Preferred(view, self) is { } other
            ? new Wait($"{other.Name} is as far on, and its failover_priority {view.PriorityOf(other.Name)} is above"
                + $" {self.FailoverPriority}")
            : Taking(self, view.Sync, settings, leaderRevision: 0, why);

    internal static TakeLock Taking(
        SelfView self, SyncView? sync, DynamicSettings settings, long leaderRevision, string why)
    {
        var key = SyncQuorum.ForNewLeader(self.Name, sync);
        return new TakeLock(
            key, SyncQuorum.NamesOf(key.Standbys, key.Quorum, settings), sync?.ModRevision ?? 0, leaderRevision, why);
    }

    static PeerAnswer? Preferred(ClusterView view, SelfView self) => Named(view, self) == self.Name
        ? null
        : self.Peers.FirstOrDefault(peer =>
            view.PriorityOf(peer.Name) > self.FailoverPriority
            && peer.FailoverLimitation is null
            && peer.Position == self.Postgres.Position
            && peer.Timeline == self.Postgres.Timeline
            && (view.Sync is not { Standbys.IsEmpty: false } sync || sync.Standbys.Contains(peer.Name)));

    // A position counts if it is final: looked up after its node refused the old term, or, where the old leader has
    // stopped by itself, after that.
    static bool Vouches(PeerAnswer peer, SelfView self) =>
        peer.Position > Lsn.Zero && (self.Lock == LockFreedom.Released
            ? peer.PositionAge < self.Leaderless
            : peer.Refused >= Over(self));

    // The newest term that anybody here knows of: one may have seen a term that another missed.
    static Term Over(SelfView self) =>
        self.Peers.Select(peer => peer.Refused).Append(self.LastTerm).Max();

    // A longer history on a newer timeline wins over a position on an older one.
    public static bool Ahead(PeerAnswer peer, PostgresView self) =>
        (peer.Timeline ?? 0, peer.Position).CompareTo((self.Timeline ?? 0, self.Position)) > 0;
}
