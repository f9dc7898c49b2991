using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class LeaderPlacementTests
{
    static EtcdStatus Status(ulong member, ulong leader, long term = 7) => new(member, leader, term, 0, "3.4.23");

    [Fact]
    public void An_etcd_leader_beside_the_primary_is_misplaced() =>
        LeaderPlacement.IsMisplaced(Status(1, 1), "n1", Nodes.N1).ShouldBeTrue();

    [Fact]
    public void An_etcd_leader_away_from_the_primary_is_not() =>
        LeaderPlacement.IsMisplaced(Status(1, 1), "n2", Nodes.N1).ShouldBeFalse();

    [Fact]
    public void Without_a_primary_nothing_is_misplaced() =>
        LeaderPlacement.IsMisplaced(Status(1, 1), null, Nodes.N1).ShouldBeFalse();

    [Fact]
    public void A_follower_has_nothing_to_hand_over() =>
        LeaderPlacement.IsMisplaced(Status(1, 2), "n1", Nodes.N1).ShouldBeFalse();

    [Fact]
    public void Candidates_are_the_other_members_that_have_started() =>
        LeaderPlacement.Candidates(
            [
                new(1, "n1", [], ["http://10.0.0.1:2379"]),
                new(2, "", [], []),
                new(3, "n3", [], ["http://10.0.0.3:2379"]),
            ], local: 1).Select(member => member.Name).ShouldBe(["n3"]);

    [Theory]
    [InlineData(2, 1, 7, true)]
    [InlineData(2, 0, 7, false)]
    [InlineData(2, 3, 7, false)]
    [InlineData(2, 1, 8, false)]
    [InlineData(1, 1, 7, false)]
    public void Only_a_follower_of_the_same_leader_in_the_same_term_takes_over(
        ulong member, ulong leader, long term, bool can) =>
        LeaderPlacement.CanTakeOver(Status(member, leader, term), Status(1, 1)).ShouldBe(can);
}
