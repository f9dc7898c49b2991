using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class MuteServerTests
{
    static readonly ClusterView UnderN1 = Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3");

    static readonly SelfView Mute =
        Self("n1", PostgresState.Starting).Leading() with { Mute = TimeSpan.FromSeconds(6.1) };

    [Fact]
    public void A_server_that_answers_nobody_for_two_leases_gives_way() =>
        Ha.Decide(UnderN1, Mute, Quorum).ShouldBeOfType<StepDown>()
            .StopLimit.ShouldBe(TimeSpan.Zero);

    [Fact]
    public void A_slow_one_is_left_alone() =>
        Ha.Decide(UnderN1, Mute with { Mute = TimeSpan.FromSeconds(5.9) }, Quorum)
            .ShouldBeOfType<Wait>();

    [Fact]
    public void With_nobody_to_take_over_it_stays() =>
        Ha.Decide(Of("n1").LedBy("n1"), Mute, Quorum).ShouldBeOfType<Wait>();

    [Fact]
    public void In_a_pause_it_stays() =>
        Ha.Decide(UnderN1, Mute, Quorum with { Pause = true }).ShouldBeOfType<Wait>();
}
