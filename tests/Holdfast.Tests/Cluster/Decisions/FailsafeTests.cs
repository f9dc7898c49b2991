using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class FailsafeTests
{
    static readonly NodeName N1 = new("n1"), N2 = new("n2");
    static readonly ClusterView UnderN1 = Of("n1", "n2").LedBy("n1");
    static readonly TimeSpan Silent = Failsafe.StoreSilentAfter;

    [Fact]
    public void A_member_that_lost_the_store_lets_the_last_leader_go_on() =>
        Failsafe.Refusal(UnderN1, Silent, leads: false, N1, new Term(50)).ShouldBeNull();

    [Fact]
    public void Its_newer_term_is_confirmed_too() =>
        Failsafe.Refusal(UnderN1, Silent, leads: false, N1, new Term(51)).ShouldBeNull();

    [Fact]
    public void A_member_that_sees_the_store_says_so() =>
        Failsafe.Refusal(UnderN1, TimeSpan.FromMilliseconds(900), leads: false, N1, new Term(50))
            .ShouldBe("the store is alive here");

    [Fact]
    public void An_older_term_another_leader_and_no_leader_are_not_confirmed()
    {
        Failsafe.Refusal(UnderN1, Silent, leads: false, N1, new Term(49)).ShouldNotBeNull();
        Failsafe.Refusal(UnderN1, Silent, leads: false, N2, new Term(50)).ShouldNotBeNull();
        Failsafe.Refusal(Of("n1", "n2"), Silent, leads: false, N1, new Term(50)).ShouldNotBeNull();
        Failsafe.Refusal(null, Silent, leads: false, N1, new Term(50)).ShouldNotBeNull();
    }

    [Fact]
    public void A_leader_confirms_nobody() =>
        Failsafe.Refusal(UnderN1, Silent, leads: true, N1, new Term(50)).ShouldBe("Running as a leader");

    [Fact]
    public void On_failsafe_the_synchronous_set_is_frozen() =>
        Ha.Decide(
                UnderN1 with { Sync = new SyncView(N1, [N2], 0, 60) },
                Self("n1", PostgresState.Primary).Leading() with { OnFailsafe = true, Alone = TimeSpan.FromMinutes(1) },
                Quorum)
            .ShouldBeOfType<HaDecision.Lead>().Sync.ShouldBeOfType<SyncStep.Nothing>();
}
