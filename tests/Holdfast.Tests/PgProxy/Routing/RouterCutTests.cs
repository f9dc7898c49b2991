using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

public sealed class RouterCutTests
{
    static readonly Server OldPrimary = new(new NodeName("n1"), "127.0.0.1", 5432, ServerRole.Primary, new Term(7));
    static readonly Server OldReplica = OldPrimary with { Role = ServerRole.Replica, Term = Term.None };

    [Fact]
    public void Sessions_of_a_primary_that_still_leads_go_on() =>
        WhyCut(OldPrimary, Led("n1", 7, Primary("n1", 7))).ShouldBeNull();

    [Fact]
    public void Another_leader_ends_the_sessions_of_the_former() =>
        WhyCut(OldPrimary, Led("n2", 9, Primary("n1", 7), Primary("n2", 9))).ShouldBe("n2 leads since term 9");

    [Fact]
    public void A_free_lock_ends_the_sessions_of_its_former_holder() =>
        WhyCut(OldPrimary, Leaderless(Primary("n1", 7))).ShouldBe("n1 no longer holds the leader lock");

    [Theory, InlineData("replica"), InlineData("demoted"), InlineData("uninitialized"), InlineData("")]
    public void A_leader_that_is_no_primary_any_more_loses_its_sessions(string role) =>
        WhyCut(OldPrimary, Led("n1", 7, Replica("n1") with { Role = role }))!.ShouldStartWith("n1 became ");

    [Theory, InlineData(7), InlineData(8)]
    public void A_leader_that_only_renewed_its_lock_in_a_newer_term_keeps_its_sessions(long published) =>
        WhyCut(OldPrimary, Led("n1", 8, Primary("n1", published))).ShouldBeNull();

    [Fact]
    public void A_leader_whose_member_key_is_gone_keeps_its_sessions_while_it_holds_the_lock() =>
        WhyCut(OldPrimary, Led("n1", 7)).ShouldBeNull();

    [Fact]
    public void A_store_that_was_set_back_ends_no_session() =>
        WhyCut(OldPrimary, Led("n2", 5, Primary("n2", 5))).ShouldBeNull();

    [Fact]
    public void A_view_that_is_not_believed_ends_no_session() =>
        Router.WhyCut(OldPrimary, Fresh(Leaderless()) with { Distrust = "set back" }).ShouldBeNull();

    [Fact]
    public void A_stale_view_ends_no_session() =>
        Router.WhyCut(OldPrimary, Fresh(Leaderless()) with { Age = Ttl }).ShouldBeNull();

    [Fact]
    public void Sessions_of_a_replica_go_on_while_it_is_one() =>
        WhyCut(OldReplica, Leaderless(Replica("n1") with { State = "starting", NoLoadBalance = true })).ShouldBeNull();

    [Fact]
    public void A_replica_that_became_primary_loses_its_sessions() =>
        WhyCut(OldReplica, Led("n1", 8, Primary("n1", 8))).ShouldBe("n1 became primary");

    [Fact]
    public void A_replica_that_is_gone_loses_its_sessions() =>
        WhyCut(OldReplica, Leaderless()).ShouldBe("n1 is gone from the store");

    [Fact]
    public void A_server_just_chosen_is_still_good() =>
        Router.StillGood(Port.Primary, OldPrimary, Fresh(Led("n1", 7, Primary("n1", 7)))).ShouldBeTrue();

    [Fact]
    public void A_server_is_no_longer_good_once_the_view_is_stale() =>
        Router.StillGood(Port.Primary, OldPrimary, Fresh(Led("n1", 7, Primary("n1", 7))) with { Age = Ttl })
            .ShouldBeFalse();

    [Fact]
    public void A_replica_that_became_primary_is_no_longer_good_as_a_replica() =>
        Router.StillGood(Port.Replicas, OldReplica, Fresh(Led("n1", 8, Primary("n1", 8)))).ShouldBeFalse();

    static string? WhyCut(Server server, ClusterView cluster) => Router.WhyCut(server, Fresh(cluster));

    static RoutingView Fresh(ClusterView cluster) => new()
    {
        Cluster = cluster,
        DefaultTtl = TimeSpan.FromSeconds(30),
        NewestTerm = new Term(7),
    };
}
