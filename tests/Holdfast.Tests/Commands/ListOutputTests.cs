using Holdfast.Cluster.Model;
using Holdfast.Commands;
using Holdfast.Tests.Agent.Rest;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Commands;

/// <summary>Expected texts are what patronictl 4.1 prints for the same keys, without the spaces of Python's
/// JSON.</summary>
public sealed class ListOutputTests
{
    static readonly ClusterView Cluster = Views.Cluster.Synchronous(SynchronousMode.Quorum, "n2") with
    {
        Initialize = "7301",
        LeaderPosition = new(0x3000060 + 3 * 1024 * 1024),
    };

    [Fact]
    public void Members_are_shown_in_the_words_of_patronictl() => Json(Cluster).ShouldBe(OneLine(
        """
        [{"Cluster":"filmopoisk","Member":"n1","Host":"10.77.0.11","Role":"Leader","State":"running","TL":1},
        {"Cluster":"filmopoisk","Member":"n2","Host":"10.77.0.12","Role":"Quorum Standby","State":"streaming","TL":1,
        "Receive LSN":"0/3000060","Receive Lag":3,"Replay LSN":"0/3000000","Replay Lag":3},
        {"Cluster":"filmopoisk","Member":"n3","Host":"10.77.0.13","Role":"Replica","State":"starting","TL":1,
        "Receive LSN":"unknown","Replay LSN":"unknown"}]
        """));

    [Fact]
    public void A_standby_of_the_plain_synchronous_mode_is_a_sync_standby() =>
        Json(Cluster.Synchronous(SynchronousMode.On, "n2")).ShouldContain("\"Role\":\"Sync Standby\"");

    [Fact]
    public void A_port_that_is_not_the_usual_one_is_shown_for_all() =>
        Json(With(Views.Member("n3", "replica") with { ConnUrl = "postgres://10.77.0.13:5433/postgres" }))
            .ShouldContain("\"Host\":\"10.77.0.11:5432\"");

    [Fact]
    public void Ports_are_shown_when_members_share_a_host() =>
        Json(With(Views.Member("n3", "replica") with { ConnUrl = "postgres://10.77.0.11:5432/postgres" }))
            .ShouldContain("\"Host\":\"10.77.0.12:5432\"");

    [Fact]
    public void A_member_without_an_address_has_no_host() =>
        Json(With(Views.Member("n3", "replica") with { ConnUrl = "" })).ShouldContain("\"Member\":\"n3\",\"Role\"");

    [Fact]
    public void A_member_of_an_older_Patroni_shows_its_one_position()
    {
        var old = Views.Member("n3", "replica") with { Position = new(0x3000060) };
        Json(With(old)).ShouldContain("\"Receive LSN\":\"unknown\",\"Replay LSN\":\"0/3000060\",\"Replay Lag\":3");
        Json(With(old with { ReplicationState = "streaming" }))
            .ShouldContain("\"Receive LSN\":\"0/3000060\",\"Receive Lag\":3,\"Replay LSN\":\"unknown\"");
    }

    [Fact]
    public void A_pending_restart_and_tags_are_shown() =>
        Json(With(Views.Member("n3", "replica") with { PendingRestart = true, NoFailover = true, NoSync = true }))
            .ShouldEndWith("\"Pending restart\":\"*\",\"Tags\":{\"nofailover\":true,\"nosync\":true}}]");

    [Fact]
    public void A_table_is_for_people() => ListOutput.Table(
        Cluster, MemberRow.Of(Cluster, "filmopoisk"), "filmopoisk").ShouldBe(
        """
        Cluster: filmopoisk (7301)
         Member  Host        Role            State      TL  Receive LSN  Lag in MB  Replay LSN  Lag in MB
         n1      10.77.0.11  Leader          running     1
         n2      10.77.0.12  Quorum Standby  streaming   1    0/3000060          3   0/3000000          3
         n3      10.77.0.13  Replica         starting    1      unknown                unknown

        """);

    [Theory]
    [InlineData(null, "Cluster: filmopoisk (uninitialized)\nNo member has registered yet.\n")]
    [InlineData("", "Cluster: filmopoisk (initializing)\nNo member has registered yet.\n")]
    public void A_cluster_without_members_says_so(string? initialize, string text)
    {
        var empty = new ClusterView { Revision = 1, Initialize = initialize };
        ListOutput.Table(empty, MemberRow.Of(empty, "filmopoisk"), "filmopoisk").ShouldBe(text);
        ListOutput.Json(MemberRow.Of(empty, "filmopoisk")).ShouldBe("[]");
    }

    static ClusterView With(MemberView third) => Cluster with
    {
        Members = [.. Cluster.Members.Where(member => member.Name != third.Name), third],
    };

    static string Json(ClusterView view) => ListOutput.Json(MemberRow.Of(view, "filmopoisk"));

    static string OneLine(string text) => text.ReplaceLineEndings("");
}
