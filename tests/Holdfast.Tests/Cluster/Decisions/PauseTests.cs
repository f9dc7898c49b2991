using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class PauseTests
{
    static readonly DynamicSettings Paused = Quorum with { Pause = true };
    static readonly ClusterView Led = Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3");
    static readonly ClusterView Leaderless = Of("n1", "n2", "n3").Synchronous("n1", 1, "n2", "n3");

    static HaDecision Decide(ClusterView view, SelfView self) => Ha.Decide(view, self, Paused);

    static FailoverView Wish(string? candidate) =>
        new(null, candidate is null ? null : new NodeName(candidate), null, 1);

    [Fact]
    public void A_primary_under_its_lock_goes_on() =>
        Decide(Led, Self("n1", PostgresState.Primary).Leading()).ShouldBeOfType<Lead>();

    [Fact]
    public void A_primary_without_a_lease_is_fenced_as_ever() =>
        Decide(Led, Self("n1", PostgresState.Primary)).ShouldBeOfType<Fence>();

    [Fact]
    public void A_leader_whose_postgres_ended_releases_the_lock() =>
        Decide(Led, Self("n1", PostgresState.Stopped).Leading()).ShouldBeOfType<Release>().Why.ShouldContain("paused");

    [Theory]
    [InlineData(HistoryVerdict.Same, "history is a part of n1's")]
    [InlineData(HistoryVerdict.Diverged, "history went past n1's")]
    public void A_stopped_replica_is_not_started_or_rewound(HistoryVerdict verdict, string otherwise)
    {
        var self = Self("n2", PostgresState.Stopped) with { History = new(new Term(50), verdict, RewindTried: false) };
        Decide(Led, self).ShouldBeOfType<Wait>().Why.ShouldBe($"paused; otherwise: {otherwise}");
    }

    [Fact]
    public void Nothing_is_cloned_and_without_a_leader_nothing_is_started()
    {
        Decide(Led, Self("n2", PostgresState.Stopped, DataState.Empty)).ShouldBeOfType<Wait>();
        Decide(Leaderless, Self("n2", PostgresState.Stopped)).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void A_running_replica_follows_whoever_leads() =>
        Decide(Led, Self("n2", PostgresState.Replica) with
        {
            History = new HistoryView(Led.Leader!.Term, HistoryVerdict.Same, RewindTried: false),
        }).ShouldBeOfType<Follow>();

    [Fact]
    public void Only_a_named_candidate_takes_the_free_lock()
    {
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3"));
        Decide(Leaderless, self).ShouldBeOfType<Wait>().Why.ShouldContain("paused");
        Decide(Leaderless with { Failover = Wish("n2") }, self).ShouldBeOfType<TakeLock>();
    }

    [Fact]
    public void A_switchover_needs_its_candidate() =>
        Decide(Led with { Failover = Wish(null) with { Leader = new NodeName("n1") } },
            Self("n1", PostgresState.Primary).Leading()).ShouldBeOfType<ClearFailover>().Why.ShouldContain("paused");

    [Fact]
    public void A_start_that_takes_long_is_left_alone() =>
        Decide(Led, Self("n1", PostgresState.Starting).Leading() with { Starting = TimeSpan.FromHours(1) })
            .ShouldBeOfType<Wait>();
}
