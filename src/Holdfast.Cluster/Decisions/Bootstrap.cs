using Holdfast.Cluster.Model;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Cluster.Decisions;

/// <summary>Who creates the cluster. One node may, once, and never where data might already be.</summary>
static class Bootstrap
{
    /// <summary>An empty claim with no leader and nobody at work is removed after this long.</summary>
    static readonly TimeSpan AbandonedAfter = TimeSpan.FromSeconds(30);

    public static HaDecision Decide(ClusterView view, SelfView self) => (view.Initialize, self.Bootstrapping) switch
    {
        ("", true) => Continue(self),
        ("", false) when self.InitializeAbandoned >= AbandonedAfter =>
            new ClearBootstrap($"claimed for {AbandonedAfter.TotalSeconds:0} s, and nobody is at work"),
        ("", false) => new Wait("another node creates the cluster"),
        _ when self.Postgres.Data != DataState.Empty && !self.Bootstrapping => new Wait(
            "data is here, and the store knows no cluster: another store, or one that lost its keys;"
                + " an operator must decide"),
        _ => Claim(self),
    };

    static HaDecision Continue(SelfView self) => (self.Postgres.Data, self.Postgres.State) switch
    {
        (DataState.Usable, PostgresState.Stopped) =>
            new TakeLock(new SyncKey(self.Name, [], 0), SyncNames.Nobody, 0, 0, "the new cluster needs its leader"),
        (DataState.Usable, _) => new StopReplica("the first primary starts from a stopped directory"),
        _ => new Initialize("this node creates the cluster"),
    };

    static HaDecision Claim(SelfView self)
    {
        var others = self.Hosts.Where(host => host != self.Name).ToList();
        var answered = self.Peers.Where(peer => others.Contains(peer.Name)).ToList();
        if (answered.FirstOrDefault(peer => peer.SystemIdentifier is not null) is { } owner)
            return new Wait($"{owner.Name} has data of system {owner.SystemIdentifier}: nothing is created beside it");
        var majority = self.Hosts.Length / 2 + 1;
        return answered.Count + 1 >= majority
            ? new ClaimBootstrap(
                $"{answered.Count + 1} of {Math.Max(1, self.Hosts.Length)} hosts answer, and none has data")
            : new Wait($"{answered.Count + 1} of {self.Hosts.Length} hosts answer; {majority} must,"
                + " before a cluster is created");
    }
}
