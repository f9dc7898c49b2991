using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

/// <summary>The port over the replicas: weights, drained ones, and the primary in their place.</summary>
public sealed class RouterReplicaTests
{
    static readonly MemberView N1 = Primary("n1", 7), N2 = Replica("n2"), N3 = Replica("n3");
    static readonly Server ServerN2 = new(new NodeName("n2"), "127.0.0.1", 5432, ServerRole.Replica, Term.None);

    [Fact]
    public void Weights_go_with_their_servers()
    {
        var to = To(View(Led("n1", 7, N1, N2, N3)) with { Replicas = Weighing(("n3", 5)) });
        to.Servers.Select((server, at) => (server.Name.Value, to.WeightOf(at))).ShouldBe([("n2", 1), ("n3", 5)]);
    }

    [Fact]
    public void Weight_0_takes_a_replica_out()
    {
        var to = To(View(Led("n1", 7, N1, N2, N3)) with { Replicas = Weighing(("n3", 0)) });
        to.Servers.ShouldHaveSingleItem().Name.Value.ShouldBe("n2");
        to.Why.ShouldBe("replicas; n3 has no weight");
    }

    [Fact]
    public void A_drained_replica_is_left_out_and_its_sessions_go_on()
    {
        var view = View(Led("n1", 7, N1, N2, N3)) with { Book = Thinking(new() { WhyDrained = "lags" }) };
        To(view).Servers.ShouldHaveSingleItem().Name.Value.ShouldBe("n3");
        To(view).Why.ShouldBe("replicas; n2 lags");
        Router.WhyCut(ServerN2, view).ShouldBeNull();
    }

    [Fact]
    public void A_replica_of_an_older_term_is_cut() =>
        Router.WhyCut(ServerN2, View(Led("n1", 7, N1, N2)) with { Book = Thinking(new() { WhyCut = "too late" }) })
            .ShouldBe("n2 is of an older term: too late");

    [Fact]
    public void A_stale_view_cuts_no_replica_of_an_older_term() =>
        Router.WhyCut(ServerN2, View(Led("n1", 7, N1, N2)) with
        {
            Book = Thinking(new() { WhyCut = "too late" }),
            Age = Ttl,
        }).ShouldBeNull();

    [Fact]
    public void Where_no_replica_may_serve_the_primary_does()
    {
        var to = To(View(Led("n1", 7, N1, N2 with { State = "starting" })));
        to.Servers.ShouldHaveSingleItem().Role.ShouldBe(ServerRole.Primary);
        to.Why.ShouldBe("no replica may serve: n2 is starting");
    }

    [Fact]
    public void Without_the_fallback_they_wait() =>
        Held(View(Led("n1", 7, N1, N2)) with
        {
            Replicas = new ReplicaSettings { FallsBack = false },
            Book = Thinking(new() { WhyDrained = "lags" }),
        }).ShouldBe("no replica may serve: n2 lags");

    [Fact]
    public void Without_the_fallback_and_without_replicas_they_wait() =>
        Held(View(Led("n1", 7, N1)) with { Replicas = new ReplicaSettings { FallsBack = false } })
            .ShouldBe("no replica runs");

    [Fact]
    public void A_view_of_an_older_term_than_was_seen_gives_no_replica_either() =>
        Held(View(Led("n1", 7, N1, N2)) with { NewestTerm = new Term(8) })
            .ShouldBe("the store says term 7, and term 8 was seen");

    static ReplicaSettings Weighing(params (string Name, int Weight)[] weights) => new()
    {
        Weights = weights.ToImmutableSortedDictionary(pair => new NodeName(pair.Name), pair => pair.Weight),
    };

    static ReplicaBook Thinking(ReplicaStanding ofN2) => ReplicaBook.Empty with
    {
        Standings = ReplicaBook.Empty.Standings.Add(new NodeName("n2"), ofN2),
    };

    static RoutingView View(ClusterView cluster) =>
        new() { Cluster = cluster, DefaultTtl = Ttl, NewestTerm = new Term(7) };

    static Route.To To(RoutingView view) => Router.Decide(Port.Replicas, view).ShouldBeOfType<Route.To>();

    static string Held(RoutingView view) => Router.Decide(Port.Replicas, view).ShouldBeOfType<Route.Hold>().Why;
}
