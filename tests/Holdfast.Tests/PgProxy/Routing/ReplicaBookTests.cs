using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.Tests.PgProxy.Routing;

/// <summary>What is thought of one replica, n2, from look to look.</summary>
public sealed class ReplicaBookTests
{
    const ulong Limit = 16 << 20;
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    readonly ReplicaSettings _settings = new() { LagLimit = Limit };
    ReplicaBook _book = ReplicaBook.Empty;
    TimeSpan _now = TimeSpan.FromHours(1);

    // ---- lag ----

    [Theory, InlineData(Limit, false), InlineData(Limit + 1, true)]
    public void A_replica_over_the_limit_is_drained(ulong lag, bool isDrained) =>
        (Drained(At(leader: 1 + lag, replica: 1)) is not null).ShouldBe(isDrained);

    [Fact]
    public void It_comes_back_at_half_of_the_limit()
    {
        Drained(At(1 + (2 * Limit), 1)).ShouldBe("is more than 16 MB behind");
        Drained(At(1 + (2 * Limit), 1 + Limit)).ShouldNotBeNull();
        Drained(At(1 + (2 * Limit), 1 + Limit + (Limit / 2) - 1)).ShouldNotBeNull();
        Drained(At(1 + (2 * Limit), 1 + Limit + (Limit / 2))).ShouldBeNull();
        Drained(At(1 + (3 * Limit), 1 + (2 * Limit))).ShouldBeNull();
    }

    [Fact]
    public void Lag_alone_cuts_nobody()
    {
        Drained(At(1 + (9 * Limit), 1)).ShouldNotBeNull();
        _now += TimeSpan.FromHours(1);
        Drained(At(1 + (9 * Limit), 1)).ShouldNotBeNull();
        (_book.Of(new NodeName("n2"))!.WhyCut, _book.HasCuts).ShouldBe((null, false));
    }

    [Fact]
    public void A_position_that_just_came_is_held_against_the_leaders_of_that_time()
    {
        Drained(At(leader: 1000, replica: 1000)).ShouldBeNull();
        _now += Second;
        Drained(At(leader: 1000 + (9 * Limit), replica: 1000)).ShouldBeNull();
        _now += Second;
        Drained(At(leader: 1000 + (9 * Limit), replica: 1000 + (9 * Limit))).ShouldBeNull();
    }

    [Fact]
    public void A_position_that_no_longer_comes_is_held_against_the_leaders_own()
    {
        Drained(At(leader: 1000, replica: 1000)).ShouldBeNull();
        _now += 3 * Second;
        Drained(At(leader: 1000 + (9 * Limit), replica: 1000)).ShouldNotBeNull();
    }

    [Fact]
    public void The_leaders_own_key_may_know_more_than_the_key_status() =>
        Drained(At(leader: 0, replica: 1) with
        {
            LeaderPosition = new Lsn(1),
            Members = [Leader with { Position = new Lsn(2 + Limit) }, Replica("n2") with { Replayed = new Lsn(1) }],
        }).ShouldNotBeNull();

    [Fact]
    public void What_was_received_counts_where_nothing_is_said_of_replay()
    {
        var view = At(1 + (2 * Limit), 1);
        Drained(view with
        {
            Members = [Leader, Replica("n2") with { Position = new Lsn(1 + (2 * Limit)) }],
        }).ShouldBeNull();
    }

    [Fact]
    public void A_replica_without_a_position_is_drained_where_there_is_a_limit() =>
        Drained(At(Limit * 2, 0)).ShouldBe("does not say how far it is");

    [Fact]
    public void Without_a_limit_a_replica_may_be_as_far_behind_as_it_is() =>
        Drained(At(100 * Limit, 0), new ReplicaSettings()).ShouldBeNull();

    [Fact]
    public void While_no_position_of_a_leader_is_known_nobody_lags() => Drained(At(0, 0)).ShouldBeNull();

    // ---- what it follows ----

    [Fact]
    public void A_replica_on_an_older_timeline_is_drained_after_a_moment()
    {
        var view = Led("n1", 7, Leader with { Timeline = 3 }, Replica("n2") with { Timeline = 2 });
        Drained(view).ShouldBeNull();
        _now += ReplicaBook.Moment - TimeSpan.FromTicks(1);
        Drained(view).ShouldBeNull();
        _now += TimeSpan.FromTicks(1);
        Drained(view).ShouldBe("is still on timeline 2");
        Drained(view with { Members = [view.Members[0], view.Members[1] with { Timeline = 3 }] }).ShouldBeNull();
    }

    [Fact]
    public void A_replica_that_tells_whether_it_streams_and_streams_nothing_is_drained_after_a_moment()
    {
        var streaming = Led("n1", 7, Leader, Replica("n2") with { ReplicationState = "streaming" });
        var silent = Led("n1", 7, Leader, Replica("n2"));
        Drained(streaming).ShouldBeNull();
        Drained(silent).ShouldBeNull();
        _now += ReplicaBook.Moment;
        Drained(silent).ShouldBe("streams nothing");
        Drained(streaming).ShouldBeNull();
    }

    [Fact]
    public void An_old_Patroni_that_never_tells_is_believed()
    {
        Drained(Led("n1", 7, Leader, Replica("n2")));
        _now += 2 * ReplicaBook.Moment;
        Drained(Led("n1", 7, Leader, Replica("n2"))).ShouldBeNull();
    }

    [Fact]
    public void While_nobody_leads_nobody_can_be_followed()
    {
        Drained(Led("n1", 7, Leader, Replica("n2") with { ReplicationState = "streaming" }));
        _now += 2 * ReplicaBook.Moment;
        Drained(Leaderless(Replica("n2"))).ShouldBeNull();
        _now += 2 * ReplicaBook.Moment;
        Drained(Led("n1", 7, Leader with { State = "starting" }, Replica("n2"))).ShouldBeNull();
    }

    // ---- its term (SAFETY 3) ----

    [Fact]
    public void A_replica_that_has_not_seen_the_leaders_term_serves_nobody_from_now_on() =>
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(7))).ShouldBe("has not seen term 9");

    [Fact]
    public void A_replica_partitioned_together_with_the_old_primary_serves_nobody_and_is_cut_after_the_ttl()
    {
        Drained(Led("n3", 7, Primary("n3", 7), Seeing(7))).ShouldBeNull();
        var view = Led("n1", 9, Primary("n1", 9), Seeing(7), Primary("n3", 7));
        Drained(view).ShouldBe("has not seen term 9");
        _book.HasCuts.ShouldBeFalse();
        _now += Ttl;
        Drained(view);
        _book.HasCuts.ShouldBeTrue();
        _book.Of(new NodeName("n2"))!.WhyCut.ShouldBe("it has not seen term 9 for 3 s");
    }

    [Fact]
    public void A_replica_that_catches_up_in_time_is_not_cut()
    {
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(7)));
        _now += Second;
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(9))).ShouldBeNull();
        _now += Ttl;
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(9)));
        _book.HasCuts.ShouldBeFalse();
    }

    [Fact]
    public void A_new_term_of_the_same_leader_is_the_same_reign()
    {
        Drained(Led("n1", 7, Primary("n1", 7), Seeing(7))).ShouldBeNull();
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(7))).ShouldBeNull();
        Drained(Leaderless(Primary("n1", 9), Seeing(7))).ShouldBeNull();
        Drained(Led("n1", 11, Primary("n1", 11), Seeing(7))).ShouldBeNull();
        Drained(Led("n3", 13, Primary("n3", 13), Seeing(9))).ShouldBe("has not seen term 13");
    }

    [Fact]
    public void A_proxy_that_has_just_begun_knows_no_reign_and_takes_the_term() =>
        Drained(Led("n1", 9, Primary("n1", 9), Seeing(8))).ShouldBe("has not seen term 9");

    [Fact]
    public void While_nobody_leads_a_replica_of_the_last_reign_serves()
    {
        Drained(Led("n1", 7, Primary("n1", 7), Seeing(7)));
        Drained(Leaderless(Seeing(7))).ShouldBeNull();
    }

    static MemberView Leader => Primary("n1", 7);

    static MemberView Seeing(long term) =>
        Replica("n2") with { Seen = new Term(term), ReplicationState = "streaming" };

    static ClusterView At(ulong leader, ulong replica) =>
        Led("n1", 7, Leader, Replica("n2") with { Replayed = replica == 0 ? null : new Lsn(replica) }) with
        {
            LeaderPosition = new Lsn(leader),
            Settings = new DynamicSettings { Ttl = Ttl, LoopWait = Second },
        };

    string? Drained(ClusterView view, ReplicaSettings? settings = null)
    {
        _book = _book.Next(view, settings ?? _settings, Ttl, _now);
        return _book.Of(new NodeName("n2"))!.WhyDrained;
    }
}
