using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class SwitchoverTests
{
    static SelfView Leader(params (string Name, ulong Flushed)[] senders)
    {
        var self = Self("n1", PostgresState.Primary).Leading();
        return self with
        {
            Postgres = self.Postgres with
            {
                WalSenders = [.. senders.Select(sender => new WalSenderView
                {
                    Name = new NodeName(sender.Name),
                    Pid = 1,
                    State = "streaming",
                    SyncState = "quorum",
                    Flushed = new Lsn(sender.Flushed),
                })],
            },
        };
    }

    static HaDecision Decide(SelfView self, string? leader, string? candidate) => Ha.Decide(
        Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3") with
        {
            Failover = new FailoverView(
                leader is null ? null : new NodeName(leader), candidate is null ? null
                    : new NodeName(candidate), null, 70),
        },
        self,
        Quorum);

    [Fact]
    public void A_streaming_voter_is_handed_the_lock() =>
        Decide(Leader(("n2", 900), ("n3", 800)), "n1", "n3").ShouldBeOfType<HandOver>().Candidate.Value.ShouldBe("n3");

    [Fact]
    public void Without_a_name_the_farthest_is_chosen() =>
        Decide(Leader(("n2", 900), ("n3", 950)), "n1", null).ShouldBeOfType<HandOver>().Candidate.Value.ShouldBe("n3");

    [Fact]
    public void A_wish_that_nobody_could_be_elected_for_is_cleared() =>
        Decide(Leader(("n2", 900)), "n1", "n2").ShouldBeOfType<ClearFailover>();

    [Fact]
    public void A_wish_that_led_back_here_is_cleared()
    {
        var view = Of("n1", "n2", "n3").LedBy("n1", term: 80).Synchronous("n1", 1, "n2", "n3") with
        {
            Failover = new FailoverView(new NodeName("n1"), null, null, 70),
        };
        Ha.Decide(view, Leader(("n2", 900), ("n3", 900)), Quorum).ShouldBeOfType<ClearFailover>();
    }

    [Fact]
    public void Of_equals_the_higher_priority_is_chosen()
    {
        var view = Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3");
        view = view with
        {
            Failover = new FailoverView(new NodeName("n1"), null, null, 70),
            Members = [.. view.Members.Select(member => member with { FailoverPriority = member.Name.Value[1] })],
        };
        Ha.Decide(view, Leader(("n2", 900), ("n3", 900)), Quorum)
            .ShouldBeOfType<HandOver>().Candidate.Value.ShouldBe("n3");
    }

    [Fact]
    public void A_wish_that_can_not_be_granted_is_cleared()
    {
        Decide(Leader(("n2", 900)), "n1", "n3").ShouldBeOfType<ClearFailover>();
        Decide(Leader(("n2", 900)), "n2", "n3").ShouldBeOfType<ClearFailover>();
        Decide(Leader(), "n1", null).ShouldBeOfType<ClearFailover>();
        Decide(Leader(("n2", 900)), "n1", "n1").ShouldBeOfType<ClearFailover>();
    }
}
