using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

public sealed class RouterTests
{
    static readonly MemberView N1 = Primary("n1", 7), N2 = Replica("n2"), N3 = Replica("n3");

    [Fact]
    public void The_primary_port_goes_to_the_leader_that_serves_its_term()
    {
        var server = Servers(Port.Primary, Fresh(Led("n1", 7, N1, N2))).ShouldHaveSingleItem();
        server.ShouldBe(new Server(new NodeName("n1"), "127.0.0.1", 5432, ServerRole.Primary, new Term(7)));
    }

    [Fact]
    public void Without_a_view_clients_wait() =>
        Held(Port.Primary, Fresh(null)).ShouldBe("the store has not answered yet");

    [Fact]
    public void Without_a_leader_clients_wait() =>
        Held(Port.Primary, Fresh(Leaderless(N1, N2))).ShouldBe("nobody holds the leader lock");

    [Theory, InlineData(Port.Primary), InlineData(Port.Replicas)]
    public void A_view_as_old_as_the_ttl_holds_both_ports(Port port) =>
        Held(port, Fresh(Led("n1", 7, N1, N2)) with { Age = Ttl })
            .ShouldBe("no news of the store for 3.0 s, the limit is 3 s");

    [Fact]
    public void A_view_just_younger_than_the_ttl_counts() =>
        Servers(Port.Primary, Fresh(Led("n1", 7, N1)) with { Age = Ttl - TimeSpan.FromTicks(1) }).Length.ShouldBe(1);

    [Fact]
    public void Without_settings_the_file_gives_the_ttl()
    {
        var view = Fresh(Led("n1", 7, N1) with { Settings = null }) with { DefaultTtl = TimeSpan.FromSeconds(9) };
        Servers(Port.Primary, view with { Age = TimeSpan.FromSeconds(8) }).Length.ShouldBe(1);
        Held(Port.Primary, view with { Age = TimeSpan.FromSeconds(9) });
    }

    [Fact]
    public void A_term_older_than_the_newest_seen_is_refused() =>
        Held(Port.Primary, Fresh(Led("n1", 7, N1)) with { NewestTerm = new Term(8) })
            .ShouldBe("the store says term 7, and term 8 was seen");

    [Theory, InlineData(Port.Primary), InlineData(Port.Replicas)]
    public void A_view_that_is_not_believed_holds_both_ports(Port port) =>
        Held(port, Fresh(Led("n1", 7, N1, N2)) with { Distrust = "the store was set back" })
            .ShouldBe("the store was set back");

    [Fact]
    public void A_leader_that_has_not_described_itself_gets_nobody() =>
        Held(Port.Primary, Fresh(Led("n1", 7, N2))).ShouldBe("n1 leads, and has not described itself");

    [Theory]
    [InlineData("replica", "running")]
    [InlineData("promoted", "running")]
    [InlineData("standby_leader", "running")]
    [InlineData("primary", "starting")]
    [InlineData("primary", "stopping")]
    [InlineData("", "")]
    public void A_leader_that_is_not_yet_a_running_primary_gets_nobody(string role, string state) =>
        Held(Port.Primary, Fresh(Led("n1", 7, N1 with { Role = role, State = state })));

    [Theory, InlineData(6), InlineData(8)]
    public void A_leader_that_serves_another_term_than_its_lock_gets_nobody(long term) =>
        Held(Port.Primary, Fresh(Led("n1", 7, Primary("n1", term))))
            .ShouldBe($"n1 leads in term 7, and serves term {term}");

    [Theory, InlineData("primary"), InlineData("master")]
    public void A_member_without_a_term_is_Patronis_and_counts_by_its_role(string role) =>
        Servers(Port.Primary, Fresh(Led("n1", 7, N1 with { Term = Term.None, Role = role }))).Length.ShouldBe(1);

    [Fact]
    public void A_leader_without_an_address_gets_nobody() =>
        Held(Port.Primary, Fresh(Led("n1", 7, N1 with { ConnUrl = "" }))).ShouldBe("n1 leads, and gives no address");

    [Fact]
    public void The_replica_port_goes_over_all_replicas_that_run() =>
        Servers(Port.Replicas, Fresh(Led("n1", 7, N1, N2, N3 with { State = "streaming" })))
            .Select(server => server.Name.Value).ShouldBe(["n2", "n3"]);

    [Fact]
    public void Replicas_that_do_not_run_or_take_no_load_or_have_no_address_are_left_out() =>
        Servers(Port.Replicas, Fresh(Led("n1", 7, N1, N2,
                Replica("a") with { NoLoadBalance = true },
                Replica("b") with { State = "starting" },
                Replica("c") with { ConnUrl = "nonsense" },
                Replica("d") with { Role = "uninitialized" })))
            .ShouldHaveSingleItem().Name.Value.ShouldBe("n2");

    [Fact]
    public void Replicas_serve_also_while_nobody_leads() =>
        Servers(Port.Replicas, Fresh(Leaderless(N2, N3))).Length.ShouldBe(2);

    [Fact]
    public void Without_a_replica_the_primary_serves_the_replica_port() =>
        Servers(Port.Replicas, Fresh(Led("n1", 7, N1))).ShouldHaveSingleItem().Role.ShouldBe(ServerRole.Primary);

    [Fact]
    public void Without_any_server_the_replica_port_holds() =>
        Held(Port.Replicas, Fresh(Leaderless())).ShouldBe("no replica runs, and nobody holds the leader lock");

    [Fact]
    public void A_leader_that_hands_over_gets_nobody_new()
    {
        Held(Port.Primary, Fresh(Led("n1", 7, N1 with { HandsOver = true }, N2)))
            .ShouldBe("a switchover is under way");
        Servers(Port.Replicas, Fresh(Led("n1", 7, N1 with { HandsOver = true }, N2)))
            .ShouldHaveSingleItem().Name.Value.ShouldBe("n2");
    }

    [Fact]
    public void The_replica_port_does_not_fall_back_to_a_leader_that_hands_over() =>
        Held(Port.Replicas, Fresh(Led("n1", 7, N1 with { HandsOver = true })))
            .ShouldBe("no replica runs, and a switchover is under way");

    [Fact]
    public void What_runs_on_a_leader_that_hands_over_may_finish()
    {
        var server = Servers(Port.Primary, Fresh(Led("n1", 7, N1, N2))).ShouldHaveSingleItem();
        Router.WhyCut(server, Fresh(Led("n1", 7, N1 with { HandsOver = true }, N2))).ShouldBeNull();
    }

    [Fact]
    public void Who_is_named_by_the_leader_is_its_successor_and_serves_nobody_yet()
    {
        var view = Fresh(Led("n1", 7, N1 with { Successor = N2.Name }, N2));
        var successor = Router.Successor(view).ShouldNotBeNull();
        (successor.Name, successor.Role).ShouldBe((N2.Name, ServerRole.Successor));
        Servers(Port.Primary, view).ShouldHaveSingleItem().Name.ShouldBe(N1.Name);
        RouteTable.Of(view, TimeSpan.Zero).MayServe(Port.Primary, successor, TimeSpan.Zero).ShouldBeFalse();
    }

    [Fact]
    public void A_leader_that_stops_still_names_its_successor() =>
        Router.Successor(Fresh(Led("n1", 7, N1 with { Role = "replica", State = "stopping", Successor = N2.Name }, N2)))
            .ShouldNotBeNull();

    [Theory, InlineData("n1", "replica", "running"), InlineData("n2", "replica", "starting")]
    [InlineData("n2", "primary", "running"), InlineData("n9", "replica", "running")]
    public void Nobody_is_successor_but_another_replica_that_runs(string named, string role, string state) =>
        Router.Successor(Fresh(Led("n1", 7, N1 with { Successor = new NodeName(named) },
            N2 with { Role = role, State = state }))).ShouldBeNull();

    [Fact]
    public void A_view_that_is_too_old_or_of_a_former_term_names_no_successor()
    {
        var view = Fresh(Led("n1", 7, N1 with { Successor = N2.Name }, N2));
        Router.Successor(view with { Age = view.Ttl }).ShouldBeNull();
        Router.Successor(view with { NewestTerm = new Term(8) }).ShouldBeNull();
    }

    static RoutingView Fresh(ClusterView? cluster) => new()
    {
        Cluster = cluster,
        DefaultTtl = TimeSpan.FromSeconds(30),
        NewestTerm = cluster?.Leader?.Term ?? Term.None,
    };

    static System.Collections.Immutable.ImmutableArray<Server> Servers(Port port, RoutingView view) =>
        Router.Decide(port, view).ShouldBeOfType<Route.To>().Servers;

    static string Held(Port port, RoutingView view) => Router.Decide(port, view).ShouldBeOfType<Route.Hold>().Why;
}
