using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class CampaignTests
{
    static readonly ClusterView AfterN1 = Of("n1", "n2", "n3").Synchronous("n1", 1, "n2", "n3");

    static HaDecision Decide(SelfView self, ClusterView? view = null) => Ha.Decide(view ?? AfterN1, self, Quorum);

    [Fact]
    public void A_voter_with_enough_answers_and_nobody_ahead_takes_the_lock()
    {
        var take = Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3"))).ShouldBeOfType<TakeLock>();
        take.Sync.ShouldBe(new SyncKey(new NodeName("n2"), Names("n1", "n3"), Quorum: 1));
        take.SyncRevision.ShouldBe(60);
    }

    [Fact]
    public void A_voter_alone_waits() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning()).ShouldBeOfType<Wait>();

    [Fact]
    public void An_answer_of_somebody_outside_the_voters_does_not_count() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n1"))).ShouldBeOfType<Wait>();

    [Fact]
    public void A_voter_behind_another_waits() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3", position: 1001))).ShouldBeOfType<Wait>();

    [Fact]
    public void A_newer_timeline_is_ahead_whatever_the_position() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3", position: 1, timeline: 2)))
            .ShouldBeOfType<Wait>();

    [Fact]
    public void A_node_refuses_the_old_term_before_it_counts_votes() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")) with { Refused = new Term(49) })
            .ShouldBeOfType<Refuse>().Term.ShouldBe(new Term(50));

    [Fact]
    public void A_node_that_may_not_win_refuses_all_the_same() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning() with { Refused = default, NoFailover = true })
            .ShouldBeOfType<Refuse>();

    [Fact]
    public void A_position_that_is_not_final_does_not_count() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3") with { Refused = new Term(49) }))
            .ShouldBeOfType<Wait>();

    [Fact]
    public void A_term_that_only_a_peer_has_seen_is_refused_too() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3") with { Refused = new Term(51) }))
            .ShouldBeOfType<Refuse>().Term.ShouldBe(new Term(51));

    [Fact]
    public void After_a_release_positions_of_since_then_count_without_a_refusal()
    {
        var old = Peer("n3") with { Refused = default };
        var self = Self("n2", PostgresState.Replica).Campaigning(old) with
        {
            Lock = LockFreedom.Released,
            Refused = default,
        };
        Decide(self).ShouldBeOfType<TakeLock>();
        Decide(self with { Peers = [old with { PositionAge = TimeSpan.FromSeconds(2) }] }).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void Who_has_the_record_of_the_last_shutdown_needs_no_votes()
    {
        var released = AfterN1 with
        {
            Release = new ReleaseView(new NodeName("n1"), new Term(50), "switchover")
            {
                End = (Timeline: 1, At: new Lsn(999)),
                ModRevision = 61,
            },
        };
        var self = Self("n2", PostgresState.Replica).Campaigning() with { Lock = LockFreedom.Released };
        Decide(self, released).ShouldBeOfType<TakeLock>();

        var toN3 = released with { Release = released.Release with { To = new NodeName("n3") } };
        Decide(self, toN3).ShouldBeOfType<Wait>("another has been made ready").Why.ShouldContain("n3");
        Decide(self with { Leaderless = TimeSpan.FromSeconds(3) }, toN3).ShouldBeOfType<TakeLock>("it had its time");
        Decide(self, released with { Release = released.Release with { To = self.Name } }).ShouldBeOfType<TakeLock>();

        Decide(self with { Lock = LockFreedom.Free }, released).ShouldBeOfType<Wait>("another reign has ended since");
        Decide(self, released with { Release = released.Release with { End = null } }).ShouldBeOfType<Wait>();
        Decide(self, released with { Release = released.Release with { End = (1, new Lsn(1000)) } })
            .ShouldBeOfType<Wait>("the record is not here");
        Decide(self, released with { Release = released.Release with { End = (2, new Lsn(999)) } })
            .ShouldBeOfType<Wait>("of another timeline");
        Decide(self, released with { Release = released.Release with { ModRevision = 59 } })
            .ShouldBeOfType<Wait>("a reign has begun since the release");
        Decide(self, released with { TermBaseRevision = 60 + 1, TermBase = 1000 })
            .ShouldBeOfType<Wait>("of a restored copy");
    }

    [Fact]
    public void Who_promised_to_let_the_primary_go_on_neither_refuses_nor_takes() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")) with
        {
            Refused = default,
            Promised = TimeSpan.FromSeconds(1),
        }).ShouldBeOfType<Wait>();

    [Fact]
    public void Who_is_not_in_failsafe_waits()
    {
        var asked = AfterN1 with { Failsafe = AfterN1.Failsafe.Add(new NodeName("n3"), "http://10.0.0.3:8008") };
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")), asked).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void A_node_outside_sync_is_never_promoted() =>
        Decide(
            Self("n3", PostgresState.Replica).Campaigning(Peer("n2")),
            Of("n1", "n2", "n3").Synchronous("n1", 0, "n2")).ShouldBeOfType<Wait>();

    [Fact]
    public void When_every_host_answers_the_farthest_wins_whatever_the_key_says()
    {
        var view = Of("n1", "n2", "n3").Synchronous("n1", 0, "n2");
        var self = Self("n3", PostgresState.Replica);
        Decide(self.Campaigning(Peer("n2"), Peer("n1")), view).ShouldBeOfType<TakeLock>();
        Decide(self.Campaigning(Peer("n2"), Peer("n1", position: 1001)), view).ShouldBeOfType<Wait>();
        Decide(self.Campaigning(Peer("n2")), view).ShouldBeOfType<Wait>();
        var cloning = Peer("n1", position: 0) with { Data = DataState.Unfinished, Refused = default };
        Decide(self.Campaigning(Peer("n2"), cloning), view).ShouldBeOfType<TakeLock>();
    }

    [Fact]
    public void A_key_of_a_restored_copy_elects_nobody_unless_every_host_answers()
    {
        var view = AfterN1 with { TermBase = 1000, TermBaseRevision = 61 };
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")), view).ShouldBeOfType<Wait>();
        Decide(Self("n1", PostgresState.Replica).Campaigning(), view).ShouldBeOfType<Wait>();
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3"), Peer("n1")), view)
            .ShouldBeOfType<TakeLock>();
    }

    [Fact]
    public void The_last_leader_itself_needs_no_votes() =>
        Decide(Self("n1", PostgresState.Replica).Campaigning()).ShouldBeOfType<TakeLock>();

    [Fact]
    public void A_key_deleted_by_hand_leaves_the_lock_taken() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")) with { Lock = LockFreedom.LeaseAlive })
            .ShouldBeOfType<Wait>();

    [Fact]
    public void A_lock_that_nobody_saw_held_is_free_after_two_leases()
    {
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3")) with { Lock = LockFreedom.Unknown };
        Decide(self).ShouldBeOfType<Wait>();
        Decide(self with { Leaderless = TimeSpan.FromSeconds(6.1) }).ShouldBeOfType<TakeLock>();
    }

    [Fact]
    public void A_peer_that_says_it_is_primary_bars_everybody() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3"), Peer("n1") with { Role = "primary" }))
            .ShouldBeOfType<Wait>();

    [Fact]
    public void A_named_candidate_goes_first_for_a_while()
    {
        var view = AfterN1 with { Failover = new FailoverView(new NodeName("n1"), new NodeName("n3"), null, 1) };
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3"));
        Decide(self, view).ShouldBeOfType<Wait>();
        Decide(self with { Leaderless = TimeSpan.FromSeconds(2.5) }, view).ShouldBeOfType<TakeLock>();
    }

    [Fact]
    public void A_nofailover_node_waits() =>
        Decide(Self("n2", PostgresState.Replica).Campaigning(Peer("n3")) with { NoFailover = true })
            .ShouldBeOfType<Wait>();

    static ClusterView Priority(ClusterView view, string name, int priority) => view with
    {
        Members =
        [
            .. view.Members.Select(member =>
                member.Name.Value == name ? member with { FailoverPriority = priority } : member),
        ],
    };

    [Fact]
    public void Of_two_equally_far_on_the_higher_priority_goes_first_for_a_while()
    {
        var view = Priority(AfterN1, "n3", 2);
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3") with { Received = new Lsn(1000) })
            with { Leaderless = TimeSpan.FromSeconds(0.5) };
        Decide(self, view).ShouldBeOfType<Wait>().Why.ShouldContain("failover_priority 2");
        Decide(self with { FailoverPriority = 2 }, view).ShouldBeOfType<TakeLock>();
        Decide(self with { Leaderless = TimeSpan.FromSeconds(1) }, view).ShouldBeOfType<TakeLock>("it may see less");
        Decide(self, view with { Failover = new FailoverView(null, new NodeName("n2"), null, 1) })
            .ShouldBeOfType<TakeLock>("it was named");
    }

    [Fact]
    public void A_priority_never_outranks_a_position()
    {
        var view = Priority(AfterN1, "n3", 9);
        var behind = Peer("n3", position: 999) with { Received = new Lsn(999) };
        var n2 = Self("n2", PostgresState.Replica).Campaigning(behind) with { Leaderless = TimeSpan.FromSeconds(0.5) };
        Decide(n2, view).ShouldBeOfType<TakeLock>();
        var n3 = Self("n3", PostgresState.Replica).Campaigning(Peer("n2", position: 1001));
        Decide(n3 with { FailoverPriority = 9 }, view).ShouldBeOfType<Wait>().Why.ShouldContain("ahead");
    }

    [Theory]
    [InlineData(false, typeof(TakeLock))]
    [InlineData(true, typeof(Wait))]
    public void An_older_timeline_than_the_last_leaders_bars_when_it_is_looked_at(bool looked, Type decision)
    {
        var view = AfterN1 with { History = """[[1,50331744,"no recovery target specified","2026-01-31","n1"]]""" };
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3"));
        Ha.Decide(view, self, Quorum with { CheckTimeline = looked }).ShouldBeOfType(decision);
    }

    [Fact]
    public void A_mode_switched_off_lets_nobody_outside_the_key_in_while_it_names_voters() =>
        Ha.Decide(
            Of("n1", "n2", "n3").Synchronous("n1", 0, "n2"),
            Self("n3", PostgresState.Replica).Campaigning(Peer("n2")),
            Quorum with { SynchronousMode = SynchronousMode.Off }).ShouldBeOfType<Wait>();

    [Fact]
    public void Without_synchronous_mode_the_lag_decides()
    {
        var settings = new DynamicSettings { MaximumLagOnFailover = 100 };
        var view = Of("n1", "n2") with { LeaderPosition = new Lsn(1100), Settings = settings };
        var self = Self("n2", PostgresState.Replica).Campaigning();
        Ha.Decide(view, self, settings).ShouldBeOfType<TakeLock>();
        Ha.Decide(view with { LeaderPosition = new Lsn(1101) }, self, settings).ShouldBeOfType<Wait>();
    }
}
