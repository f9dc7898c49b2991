using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class LoadEndTests
{
    static readonly LoadEnd Anywhere = new(BrokenMs: 1_000, LeftServer: null, MostMs: 40_000);
    static readonly LoadEnd Elsewhere = Anywhere with { LeftServer = "a" };

    static IEnumerable<Attempt> Writes(double fromMs, double untilMs, string server = "b")
    {
        for (var at = fromMs; at <= untilMs; at += 10)
            yield return new Attempt(0, 0, Outcome.Acknowledged, null, at, at, server, 1);
    }

    [Fact]
    public void Steady_writing_is_watched_for_the_least_time() =>
        (Anywhere.IsReached(Writes(0, 6_900), 6_900), Anywhere.IsReached(Writes(0, 7_000), 7_000))
            .ShouldBe((false, true));

    [Fact]
    public void After_an_outage_it_must_be_steady_again_first()
    {
        var writes = Writes(0, 1_000).Concat(Writes(9_000, 20_000)).ToList();
        bool At(double now) => Anywhere.IsReached(writes.Where(write => write.EndedMs <= now), now);
        (At(8_000), At(12_000), At(13_000)).ShouldBe((false, false, true));
    }

    [Fact]
    public void A_frozen_agent_does_not_look_like_no_fault_while_its_server_still_writes() =>
        Elsewhere.IsReached(Writes(0, 20_000, server: "a"), 20_000).ShouldBeFalse();

    [Fact]
    public void It_ends_once_another_server_writes_steadily() =>
        Elsewhere.IsReached(Writes(0, 8_000, "a").Concat(Writes(8_500, 12_500)), 12_500).ShouldBeTrue();

    [Fact]
    public void An_outage_that_does_not_end_is_left() => Elsewhere.IsReached([], 41_000).ShouldBeTrue();
}
