using Holdfast.Cluster.Configuration;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class AppHealthTests
{
    static readonly HealthSettings Usual = new(), RiseTwo = new() { Rise = 2, Start = TimeSpan.FromSeconds(5) };

    /// <summary>A letter for each answer, a second apart: g good, b bad. A word for each decision.</summary>
    [Theory]
    [InlineData("g", "healthy")]
    [InlineData("bbbbbg", "starting starting starting starting starting healthy")]
    [InlineData("gbbg", "healthy healthy healthy healthy")]
    [InlineData("gbbgbb", "healthy healthy healthy healthy healthy healthy")]
    [InlineData("gbbb", "healthy healthy healthy restart")]
    public void Three_bad_answers_in_a_row_end_what_was_healthy(string answers, string decisions) =>
        Play(answers, AppHealthHistory.Started(Seconds(0)), Usual).ShouldBe(decisions);

    [Theory]
    [InlineData("gg", "starting healthy")]
    [InlineData("gbgg", "starting starting starting healthy")]
    [InlineData("gbgbg", "starting starting starting starting restart")]
    [InlineData("bbbbb", "starting starting starting starting restart")]
    [InlineData("bbbbg", "starting starting starting starting restart")]
    public void Who_is_not_healthy_in_time_is_restarted(string answers, string decisions) =>
        Play(answers, AppHealthHistory.Started(Seconds(0)), RiseTwo).ShouldBe(decisions);

    [Theory]
    [InlineData("bbb", "starting starting restart")]
    [InlineData("gbbb", "healthy healthy healthy restart")]
    public void Bad_answers_of_an_old_adopted_process_count_at_once(string answers, string decisions) =>
        Play(answers, AppHealthHistory.Adopted(Seconds(-60), Seconds(0), Usual), Usual).ShouldBe(decisions);

    [Fact]
    public void A_young_adopted_process_has_the_rest_of_its_start()
    {
        var limits = Usual with { Start = TimeSpan.FromSeconds(4) };
        Play("bb", AppHealthHistory.Adopted(Seconds(-2), Seconds(0), limits), limits).ShouldBe("starting restart");
    }

    [Fact]
    public void A_decision_says_why()
    {
        var healthy = AppHealth.Decide(AppHealthHistory.Started(Seconds(0)), null, Seconds(1), Usual);
        healthy.Why.ShouldBe("it serves");
        var shaky = AppHealth.Decide(healthy.History, "/ping answers 500", Seconds(2), Usual);
        shaky.Why.ShouldBe("1 of 3 bad answers: /ping answers 500");
        AppHealth.Decide(healthy.History with { Bad = 2 }, "no answer within 1 s", Seconds(2), Usual).Why
            .ShouldBe("3 bad answers in a row, the last: no answer within 1 s");
        var started = AppHealthHistory.Started(Seconds(0));
        AppHealth.Decide(started, "refused", Seconds(1), Usual).Why.ShouldBe("not healthy yet: refused");
        AppHealth.Decide(started, "refused", Seconds(60), Usual).Why.ShouldBe("not healthy within 60 s: refused");
        AppHealth.Decide(started, null, Seconds(1), RiseTwo).Why.ShouldBe("not healthy yet: 1 of 2 good answers");
    }

    [Fact]
    public void After_its_fall_it_is_healthy_no_more_whether_or_not_somebody_restarts_it()
    {
        var fallen = AppHealth.Decide(
            new AppHealthHistory(Seconds(0), IsProven: true, IsHealthy: true, 1, 2), "x", Seconds(9), Usual);
        fallen.History.IsHealthy.ShouldBeFalse();
        fallen.Restart.ShouldBeTrue();
    }

    static string Play(string answers, AppHealthHistory history, HealthSettings limits)
    {
        var words = new List<string>();
        foreach (var (index, answer) in answers.Index())
        {
            var decision = AppHealth.Decide(history, answer == 'g' ? null : "bad", Seconds(index + 1), limits);
            history = decision.History;
            words.Add(decision.Restart ? "restart" : history.IsHealthy ? "healthy" : "starting");
        }
        return string.Join(' ', words);
    }

    static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
