using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// Takes over from a silent primary before its lease ends. An election quorum of /sync is exactly a set without which
/// nothing can be acknowledged: once all of it refuses the term, the old primary can answer no synchronous commit, so
/// there is nothing to wait for. The argument is in docs/design/takeover.md.
/// </summary>
public static class Takeover
{
    /// <summary>A primary that was not heard for so long is suspected. Pulses come five times a second.</summary>
    public static readonly TimeSpan SuspectAfter = TimeSpan.FromMilliseconds(700);

    /// <summary>True when this node suspects the leader: what it tells its peers.</summary>
    public static bool Suspects(ClusterView view, SelfView self, DynamicSettings settings) =>
        self is { Silence: { } silence, HasLease: false } && silence >= SuspectAfter
        && view.Leader is { } leader && Bar(view, leader, self, settings) is null;

    /// <summary>Null: nothing to take over, or not by this rule.</summary>
    public static HaDecision? Decide(ClusterView view, LeaderView leader, SelfView self, DynamicSettings settings)
    {
        if (!Suspects(view, self, settings) || self.Postgres.State != PostgresState.Replica)
            return null;
        var sync = view.Sync!;
        var voters = self.Peers.Where(peer => sync.Standbys.Contains(peer.Name) && peer.Name != self.Name).ToList();
        if (self.Refused < leader.Term)
        {
            var suspecting = voters.Count(peer => peer.Suspects == leader.Term || peer.Refused >= leader.Term);
            return suspecting >= sync.Quorum
                ? new Refuse(leader.Term,
                    $"{leader.Holder} is silent, and {suspecting} other voters do not hear it either")
                : null;
        }
        var refusing = voters.Count(peer => peer.Refused >= leader.Term && peer.Position > Lsn.Zero);
        if (refusing < sync.Quorum)
            return new Wait($"{refusing} other voters refuse term {leader.Term}, {sync.Quorum} must");
        if (Campaign.Unfit(self) is { } unfit)
            return new Wait(unfit);
        return self.Peers.FirstOrDefault(peer => Campaign.Ahead(peer, self.Postgres)) is { } ahead
            ? new Wait($"{ahead.Name} is ahead, at {ahead.Position}")
            : Campaign.Taking(self, sync, settings, leader.ModRevision,
                $"{leader.Holder} is silent, {refusing} other voters refuse term {leader.Term},"
                    + $" none is ahead of {self.Postgres.Position}");
    }

    /// <summary>Why this rule can't be used here; null: it can.</summary>
    static string? Bar(ClusterView view, LeaderView leader, SelfView self, DynamicSettings settings)
    {
        if (!settings.EarlyTakeover || settings.Pause || settings.SynchronousMode != SynchronousMode.Quorum)
            return "not asked for";
        if (view.Sync is not { } sync || sync.Leader != leader.Holder || !sync.Standbys.Contains(self.Name))
            return "not a voter of this leader";
        if (self.Promised is not null)
            return "bound by a promise to the primary";
        return sync.Standbys.Append(leader.Holder).All(name => view.Member(name) is { Takeover: true })
            ? null
            : "a voter or the leader does not take part";
    }
}
