using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class RestartsTests
{
    static readonly RestartLimits Limits = new();

    [Fact]
    public void The_first_restart_is_at_once() =>
        Restarts.Decide(RestartHistory.None, Seconds(0), Seconds(1), Limits).Delay.ShouldBe(TimeSpan.Zero);

    [Fact]
    public void Delays_double_up_to_the_maximum_until_it_counts_as_a_storm() =>
        Crash(times: 11).Select(decision => decision.Failed ? "failed" : $"{decision.Delay.TotalSeconds}")
            .ShouldBe(["0", "0.1", "0.2", "0.4", "0.8", "1.6", "3.2", "6.4", "10", "10", "failed"]);

    [Fact]
    public void A_failed_program_gets_one_more_try_a_minute_as_long_as_it_fails()
    {
        var decisions = Crash(times: 13);
        decisions[10].Delay.ShouldBe(Limits.FailedRetry);
        decisions[10].Failed.ShouldBeTrue();
        decisions.Last().History.Total.ShouldBe(13);
    }

    [Fact]
    public void After_half_a_minute_of_health_the_next_restart_is_a_first_one()
    {
        var crashed = Crash(times: 5).Last();
        var healthy = Restarts.Decide(crashed.History, Seconds(100), Seconds(130), Limits);
        healthy.Delay.ShouldBe(TimeSpan.Zero);
        healthy.History.InARow.ShouldBe(1);
    }

    [Fact]
    public void Restarts_spread_over_an_hour_are_no_storm()
    {
        var history = RestartHistory.None;
        for (var minute = 0; minute < 60; minute++)
        {
            var next = Restarts.Decide(history, Seconds(60 * minute), Seconds((60 * minute) + 45), Limits);
            next.Failed.ShouldBeFalse();
            next.Delay.ShouldBe(TimeSpan.Zero);
            history = next.History;
        }
        history.Restarts.Length.ShouldBeLessThan(3);
    }

    static List<RestartDecision> Crash(int times)
    {
        var decisions = new List<RestartDecision>();
        var (history, now) = (RestartHistory.None, Seconds(0));
        for (var crash = 0; crash < times; crash++)
        {
            decisions.Add(Restarts.Decide(history, now, now, Limits));
            history = decisions[^1].History;
            now += decisions[^1].Delay;
        }
        return decisions;
    }

    static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
