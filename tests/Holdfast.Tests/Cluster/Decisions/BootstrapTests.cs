using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class BootstrapTests
{
    static readonly ClusterView Nothing = Of() with { Initialize = null };
    static readonly SelfView Empty = Self("n1", PostgresState.Stopped, DataState.Empty);

    static PeerAnswer EmptyPeer(string name) => Peer(name) with { SystemIdentifier = null, Data = DataState.Empty };

    static HaDecision Decide(SelfView self, ClusterView? view = null) => Ha.Decide(view ?? Nothing, self, Quorum);

    [Fact]
    public void A_majority_of_empty_hosts_may_create_the_cluster()
    {
        Decide(Empty).ShouldBeOfType<Wait>();
        Decide(Empty with { Peers = [EmptyPeer("n2")] }).ShouldBeOfType<ClaimBootstrap>();
    }

    [Fact]
    public void Nothing_is_created_beside_data() =>
        Decide(Empty with { Peers = [EmptyPeer("n2"), Peer("n3")] }).ShouldBeOfType<Wait>();

    [Fact]
    public void Data_in_a_store_that_knows_no_cluster_waits_for_the_operator() =>
        Decide(Self("n1", PostgresState.Stopped) with { Peers = [EmptyPeer("n2")] }).ShouldBeOfType<Wait>();

    [Fact]
    public void The_claimant_initializes_then_takes_the_lock_then_opens_the_cluster()
    {
        var claimed = Nothing with { Initialize = "" };
        Decide(Empty with { Bootstrapping = true }, claimed).ShouldBeOfType<Initialize>();
        Decide(Self("n1", PostgresState.Stopped) with { Bootstrapping = true }, claimed).ShouldBeOfType<TakeLock>();
        Decide(Self("n1", PostgresState.Stopped).Leading() with { Bootstrapping = true }, claimed.LedBy("n1"))
            .ShouldBeOfType<StartPrimary>();
        Decide(Self("n1", PostgresState.Primary).Leading() with { Bootstrapping = true }, claimed.LedBy("n1"))
            .ShouldBeOfType<FinishBootstrap>();
    }

    [Fact]
    public void An_abandoned_claim_is_removed_after_thirty_seconds()
    {
        var claimed = Nothing with { Initialize = "" };
        Decide(Empty with { InitializeAbandoned = TimeSpan.FromSeconds(29) }, claimed).ShouldBeOfType<Wait>();
        Decide(Empty with { InitializeAbandoned = TimeSpan.FromSeconds(30) }, claimed).ShouldBeOfType<ClearBootstrap>();
    }
}
