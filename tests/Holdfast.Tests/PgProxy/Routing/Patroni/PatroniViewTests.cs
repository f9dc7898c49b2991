using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Routing.Patroni;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Routing.Patroni;

/// <summary>Who is believed, of members that each say what they think they are.</summary>
public sealed class PatroniViewTests
{
    const ulong System = 7;
    static readonly TimeSpan Now = TimeSpan.FromHours(1), Second = TimeSpan.FromSeconds(1);
    static readonly DynamicSettings Settings = new() { Ttl = TimeSpan.FromSeconds(20), LoopWait = Second };

    [Fact]
    public void A_primary_by_its_own_word_leads_and_its_timeline_is_the_term()
    {
        var (view, freshAt) = View(Primary("p1", 3, ago: 2), Replica("p2", 3, ago: 1));
        view.Leader.ShouldBe(new LeaderView(new NodeName("p1"), new Term(3), 3, 0));
        freshAt.ShouldBe(Now - (2 * Second));
        Goes(view, freshAt).ShouldBe("p1");
        view.Members[1].ReplicationState.ShouldBe("streaming");
    }

    [Fact]
    public void Of_two_the_higher_timeline_leads() =>
        Leader(Primary("p1", 3), Primary("p2", 4, ago: 3)).ShouldBe("p2");

    [Fact]
    public void Two_of_one_timeline_can_not_both_be_right() =>
        Leader(Primary("p1", 3), Primary("p2", 3)).ShouldBeNull();

    [Fact]
    public void Who_does_not_hold_the_lock_does_not_lead() =>
        Leader(Primary("p1", 3) with { Said = Said("primary", 3) with { IsLeader = false } }).ShouldBeNull();

    [Theory, InlineData(19.9, "p1"), InlineData(20, null)]
    public void A_word_as_old_as_the_ttl_is_none(double ago, string? leader) =>
        Leader(Primary("p1", 3, ago), Replica("p2", 3)).ShouldBe(leader);

    [Fact]
    public void A_silent_primary_makes_the_view_old_not_the_replicas_that_answer()
    {
        var (view, freshAt) = View(Primary("p1", 3, ago: 12), Replica("p2", 3));
        (view.Leader!.Holder.Value, freshAt).ShouldBe(("p1", Now - (12 * Second)));
    }

    [Fact]
    public void Without_a_primary_the_newest_answer_counts()
    {
        var (view, freshAt) = View(Replica("p1", 3, ago: 9), Replica("p2", 3, ago: 1));
        (view.Leader, freshAt).ShouldBe((null, Now - Second));
        ((Route.To)Router.Decide(Port.Replicas, Of(view, freshAt))).Servers.ShouldHaveSingleItem()
            .Name.Value.ShouldBe("p2");
    }

    [Fact]
    public void A_member_that_never_answered_is_nobodys_server_and_is_not_gone()
    {
        var (view, freshAt) = View(Primary("p1", 3), new PatroniWord(Member("p2"), null, TimeSpan.Zero));
        Goes(view, freshAt, Port.Replicas).ShouldBe("p1");
        Router.WhyCut(new Server(new NodeName("p2"), "p2", 5432, ServerRole.Replica, Term.None), Of(view, freshAt))
            .ShouldBeNull();
    }

    [Fact]
    public void A_member_of_another_system_is_none()
    {
        var (view, _) = View(Replica("p1", 3), Primary("p2", 9) with { Said = Said("primary", 9) with { System = 8 } });
        (view.Leader, view.Members.Length).ShouldBe((null, 1));
    }

    [Fact]
    public void A_member_that_has_no_data_yet_is_one_and_leads_nobody()
    {
        var empty = Replica("p2", 3) with { Said = new PatroniAnswer(false, 0, "uninitialized", "creating replica") };
        View(Primary("p1", 3), empty).View.Members.Length.ShouldBe(2);
        Leader(Replica("p1", 3), Primary("p2", 3) with { Said = Said("primary", 3) with { System = 0 } })
            .ShouldBeNull();
    }

    [Fact]
    public void A_promotion_cuts_the_sessions_of_the_former_primary()
    {
        var (view, freshAt) = View(Primary("p1", 3, ago: 5), Primary("p2", 4));
        Router.WhyCut(
            new Server(new NodeName("p1"), "p1", 5432, ServerRole.Primary, new Term(3)), Of(view, freshAt))
            .ShouldBe("p2 leads since term 4");
    }

    [Fact]
    public void A_primary_of_an_older_timeline_than_was_seen_gets_nobody()
    {
        var (view, freshAt) = View(Primary("p1", 3));
        var held = (Route.Hold)Router.Decide(Port.Primary, Of(view, freshAt) with { NewestTerm = new Term(4) });
        held.Why.ShouldBe("the store says term 3, and term 4 was seen");
    }

    [Fact]
    public void What_says_the_same_is_the_same()
    {
        var (one, _) = View(Primary("p1", 3, ago: 1), Replica("p2", 3));
        PatroniView.IsSame(one, View(Primary("p1", 3), Replica("p2", 3, ago: 2)).View).ShouldBeTrue();
        PatroniView.IsSame(one, View(Primary("p1", 3), Replica("p2", 2)).View).ShouldBeFalse();
        PatroniView.IsSame(one, View(Primary("p1", 3), Replica("p2", 3, ago: 4)).View).ShouldBeFalse();
    }

    static PatroniMember Member(string name) =>
        new(new NodeName(name), new Uri($"http://{name}:8008/"), $"postgres://{name}:5432/");

    static PatroniAnswer Said(string role, int timeline) => new(role == "primary", System, role, "running")
    {
        Timeline = timeline,
        ReplicationState = role == "primary" ? null : "streaming",
    };

    static PatroniWord Primary(string name, int timeline, double ago = 0) =>
        new(Member(name), Said("primary", timeline), Now - (ago * Second));

    static PatroniWord Replica(string name, int timeline, double ago = 0) =>
        new(Member(name), Said("replica", timeline), Now - (ago * Second));

    static (ClusterView View, TimeSpan FreshAt) View(params PatroniWord[] words) =>
        PatroniView.Of(words, System, Settings, Now);

    static string? Leader(params PatroniWord[] words) => View(words).View.Leader?.Holder.Value;

    static RoutingView Of(ClusterView view, TimeSpan freshAt) => new()
    {
        Cluster = view, Age = Now - freshAt, DefaultTtl = Second, NewestTerm = view.Leader?.Term ?? Term.None,
    };

    static string Goes(ClusterView view, TimeSpan freshAt, Port port = Port.Primary) =>
        Router.Decide(port, Of(view, freshAt)).ShouldBeOfType<Route.To>().Servers.ShouldHaveSingleItem().Name.Value;
}
