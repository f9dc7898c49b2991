using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class TakeoverTests
{
    static readonly DynamicSettings Early = Quorum with { EarlyTakeover = true };
    static readonly Term Of50 = new(50);

    static readonly ClusterView UnderN1 = Capable(
        Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3")) with { Settings = Early };

    static readonly SelfView Silent = Self("n2", PostgresState.Replica) with
    {
        Silence = Takeover.SuspectAfter,
        LastTerm = Of50,
        Postgres = Self("n2", PostgresState.Replica).Postgres with
        {
            PrimaryConninfo = "host=10.0.0.1 port=5432 ",
            Streaming = true,
        },
    };

    static ClusterView Capable(ClusterView view) =>
        view with { Members = [.. view.Members.Select(member => member with { Takeover = true })] };

    static PeerAnswer Suspecting(string name) => Peer(name) with { Refused = default, Suspects = Of50 };

    static HaDecision Decide(SelfView self, ClusterView? view = null, DynamicSettings? settings = null) =>
        Ha.Decide(view ?? UnderN1, self, settings ?? Early);

    [Fact]
    public void A_voter_that_alone_hears_nothing_goes_on_following() =>
        Decide(Silent with { Peers = [Peer("n3") with { Refused = default }] }).ShouldBeOfType<Wait>()
            .Why.ShouldStartWith("follows");

    [Fact]
    public void An_election_quorum_that_hears_nothing_refuses_the_term() =>
        Decide(Silent with { Peers = [Suspecting("n3")] }).ShouldBeOfType<Refuse>().Term.ShouldBe(Of50);

    [Fact]
    public void An_election_quorum_that_refused_takes_the_lock_of_the_living_key()
    {
        var take = Decide(Silent with { Refused = Of50, Peers = [Peer("n3")] }).ShouldBeOfType<TakeLock>();
        take.LeaderRevision.ShouldBe(50);
        take.SyncRevision.ShouldBe(60);
        take.Sync.ShouldBe(new SyncKey(new NodeName("n2"), Names("n1", "n3"), Quorum: 1));
    }

    [Fact]
    public void A_suspicion_is_no_refusal() =>
        Decide(Silent with { Refused = Of50, Peers = [Suspecting("n3")] }).ShouldBeOfType<Wait>();

    [Fact]
    public void Who_is_behind_another_leaves_it_to_that_one() =>
        Decide(Silent with { Refused = Of50, Peers = [Peer("n3", position: 1001)] }).ShouldBeOfType<Wait>();

    [Fact]
    public void A_voter_that_heard_something_a_moment_ago_suspects_nobody() =>
        Takeover.Suspects(UnderN1, Silent with { Silence = TimeSpan.FromMilliseconds(699) }, Early).ShouldBeFalse();

    [Fact]
    public void A_leader_whose_pulses_were_never_heard_is_not_suspected() =>
        Takeover.Suspects(UnderN1, Silent with { Silence = null }, Early).ShouldBeFalse();

    [Fact]
    public void It_is_off_unless_asked_for() =>
        Decide(Silent with { Peers = [Suspecting("n3")] }, settings: Quorum).ShouldBeOfType<Wait>();

    [Theory]
    [InlineData(SynchronousMode.Off)]
    [InlineData(SynchronousMode.On)]
    public void It_needs_quorum_mode(SynchronousMode mode) =>
        Takeover.Suspects(UnderN1, Silent, Early with { SynchronousMode = mode }).ShouldBeFalse();

    [Theory]
    [InlineData("n1")]
    [InlineData("n3")]
    public void It_is_off_when_the_leader_or_a_voter_does_not_take_part(string name) =>
        Takeover.Suspects(
            UnderN1 with
            {
                Members = [.. UnderN1.Members.Select(m => m.Name.Value == name ? m with { Takeover = false } : m)],
            },
            Silent, Early).ShouldBeFalse();

    [Fact]
    public void A_node_outside_sync_suspects_nobody() =>
        Takeover.Suspects(UnderN1.Synchronous("n1", 0, "n3"), Silent, Early).ShouldBeFalse();

    [Fact]
    public void Who_promised_to_let_the_primary_go_on_suspects_nobody() =>
        Takeover.Suspects(UnderN1, Silent with { Promised = TimeSpan.FromSeconds(1) }, Early).ShouldBeFalse();

    [Fact]
    public void A_nofailover_voter_refuses_and_does_not_take()
    {
        Decide(Silent with { NoFailover = true, Peers = [Suspecting("n3")] }).ShouldBeOfType<Refuse>();
        Decide(Silent with { NoFailover = true, Refused = Of50, Peers = [Peer("n3")] }).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void Who_refuses_the_term_never_follows_its_primary_again()
    {
        var back = Silent with { RefusalNoted = Of50, Refused = Of50, Silence = TimeSpan.Zero };
        Decide(back).ShouldBeOfType<Wait>().Why.ShouldContain("refused");
        Decide(back with { Postgres = Self("n2", PostgresState.Stopped).Postgres })
            .ShouldBeOfType<StartReplica>().Leader.ShouldBeNull();
    }

    [Fact]
    public void A_refusal_that_is_only_noted_is_carried_out_again() =>
        Decide(Silent with { RefusalNoted = Of50, Silence = TimeSpan.Zero }).ShouldBeOfType<Refuse>()
            .Term.ShouldBe(Of50);

    [Fact]
    public void A_primary_whose_lock_is_older_than_a_term_that_a_member_has_seen_gives_way()
    {
        var restored = UnderN1 with
        {
            Members = [.. UnderN1.Members.Select(m => m.Name.Value == "n2" ? m with { Seen = new Term(51) } : m)],
        };
        Decide(Self("n1", PostgresState.Primary).Leading(), restored).ShouldBeOfType<StepDown>()
            .Why.ShouldContain("n2 has seen term 51");
        Decide(Self("n1", PostgresState.Primary).Leading(term: 51), restored).ShouldBeOfType<Lead>();
    }

    [Fact]
    public void A_living_primary_that_a_member_refuses_leaves_its_term()
    {
        var refused = UnderN1 with
        {
            Members = [.. UnderN1.Members.Select(m => m.Name.Value == "n2" ? m with { Refused = Of50 } : m)],
        };
        Decide(Self("n1", PostgresState.Primary).Leading(), refused).ShouldBeOfType<LeaveTerm>().Term.ShouldBe(Of50);
        Decide(Self("n1", PostgresState.Primary).Leading(term: 51), refused).ShouldBeOfType<Lead>();
    }
}
