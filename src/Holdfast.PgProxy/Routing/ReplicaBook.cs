using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>
/// What is thought of the replicas: pure, a new book for each look at the view. Lag and its hysteresis, what a replica
/// follows, and of which term it is.
/// </summary>
public sealed record ReplicaBook
{
    public static readonly ReplicaBook Empty = new();

    /// <summary>A replica may follow nobody, or an older timeline, for so long: wal_retrieve_retry_interval is 5 s
    /// unless set, and Patroni's members describe themselves every loop_wait, 10 s unless set.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(10);

    /// <summary>Who moves its position writes it down every turn of its loop, so at the latest after so many
    /// loop_waits.</summary>
    const int PositionTurns = 2;

    /// <summary>A replica that lagged must come down to this part of the limit.</summary>
    const int EnoughOf = 2;

    public ImmutableDictionary<NodeName, ReplicaStanding> Standings { get; init; } =
        ImmutableDictionary<NodeName, ReplicaStanding>.Empty;

    /// <summary>Who leads, and since which term without another one between: an etcd that elects makes a new term of
    /// the same reign.</summary>
    public (NodeName Holder, Term Since)? Reign { get; init; }

    public bool HasCuts { get; private init; }

    public ReplicaStanding? Of(NodeName name) => Standings.GetValueOrDefault(name);

    /// <param name="cluster">As the store says it.</param>
    /// <param name="settings">Of the replica port.</param>
    /// <param name="ttl">Of the lease.</param>
    /// <param name="now">CLOCK_BOOTTIME.</param>
    public ReplicaBook Next(ClusterView cluster, ReplicaSettings settings, TimeSpan ttl, TimeSpan now)
    {
        var reign = cluster.Leader is { } leader && leader.Holder != Reign?.Holder
            ? (leader.Holder, leader.Term)
            : Reign;
        var look = new Look(cluster, settings, ttl, now, reign?.Since ?? Term.None);
        var standings = cluster.Members
            .Where(Router.IsReplica)
            .DistinctBy(member => member.Name)
            .ToImmutableDictionary(member => member.Name, member => look.Judge(member, Of(member.Name)));
        return new ReplicaBook
        {
            Reign = reign,
            Standings = standings,
            HasCuts = standings.Any(standing => standing.Value.WhyCut is not null),
        };
    }

    sealed record Look(ClusterView Cluster, ReplicaSettings Settings, TimeSpan Ttl, TimeSpan Now, Term Since)
    {
        readonly MemberView? _leader =
            Cluster.Leader is { } leader && Cluster.Member(leader.Holder) is { } member
                && Router.IsPrimary(member) && Router.IsRunning(member)
                    ? member
                    : null;

        Lsn LeaderPosition =>
            _leader is { } leader && leader.Position > Cluster.LeaderPosition ? leader.Position
            : Cluster.LeaderPosition;

        TimeSpan Pace => PositionTurns * (Cluster.Settings ?? new DynamicSettings()).LoopWait;

        public ReplicaStanding Judge(MemberView member, ReplicaStanding? former)
        {
            var standing = Followed(member, Placed(member, former), former);
            // Of a Patroni's member nothing is known of the term: its timeline must do.
            var oldSince = member.Seen != Term.None && member.Seen < Since ? former?.OldSince ?? Now : (TimeSpan?)null;
            standing = standing with { OldSince = oldSince };
            return standing with
            {
                WhyDrained = WhyDrained(member, standing),
                WhyCut = Now - oldSince >= Ttl ? $"it has not seen term {Since} for {Ttl.TotalSeconds:0.#} s" : null,
            };
        }

        string? WhyDrained(MemberView member, ReplicaStanding standing) =>
            standing.OldSince is not null ? $"has not seen term {Since}"
            : Now - standing.AstraySince >= Moment
                ? IsBehindInTime(member) ? $"is still on timeline {member.Timeline}" : "streams nothing"
            : standing.IsLagging
                ? standing.Replayed == Lsn.Zero ? "does not say how far it is"
                    : $"is more than {Bytes(Settings.LagLimit!.Value)} behind"
            : null;

        // A position that is as old as it may be is held against what the leader had written by then: a busy leader is
        // always ahead of what its replicas have last told. One that moves no more is held against the leader's own.
        ReplicaStanding Placed(MemberView member, ReplicaStanding? former)
        {
            var at = member.Replayed ?? member.Position;
            var leader = LeaderPosition;
            var standing = former is not null && former.Replayed == at ? former
                : (former ?? new()) with { Replayed = at, ReplayedAt = Now, LeaderThen = leader };
            if (Settings.LagLimit is not { } limit)
                return standing with { IsLagging = false };
            if (leader == Lsn.Zero)
                return standing;
            var ahead = Now - standing.ReplayedAt <= Pace ? standing.LeaderThen : leader;
            var lag = ahead > at ? ahead.Value - at.Value : 0;
            return standing with { IsLagging = lag > (former is { IsLagging: true } ? limit / EnoughOf : limit) };
        }

        // While nobody leads nobody can be followed: what was thought before stays.
        ReplicaStanding Followed(MemberView member, ReplicaStanding standing, ReplicaStanding? former)
        {
            var tells = standing.TellsStreaming || member.ReplicationState is not null || member.Seen != Term.None;
            if (_leader is null)
                return standing with { TellsStreaming = tells };
            var isAstray = IsBehindInTime(member) || (tells && member.ReplicationState is null);
            return standing with { TellsStreaming = tells, AstraySince = isAstray ? former?.AstraySince ?? Now : null };
        }

        bool IsBehindInTime(MemberView member) => member.Timeline < _leader?.Timeline;

        static string Bytes(ulong bytes) =>
            bytes >= 1 << 20 && bytes % (1 << 20) == 0 ? $"{bytes >> 20} MB" : $"{bytes} bytes";
    }
}
