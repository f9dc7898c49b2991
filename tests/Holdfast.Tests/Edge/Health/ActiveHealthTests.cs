using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Edge;
using Holdfast.Edge.Health;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Edge.Health;

public sealed class ActiveHealthTests
{
    static readonly CheckSettings s_check =
        CheckSettings.Of(new HealthSettings { Http = "/ping", Rise = 2, Fall = 3 });

    [Theory]
    [InlineData("", null)]
    [InlineData("+", false)]
    [InlineData("-", false)]
    [InlineData("++", true)]
    [InlineData("+-+", false)]
    [InlineData("++-", true)]
    [InlineData("++-+-", true)]
    [InlineData("++--", false)]
    [InlineData("++--+", false)]
    [InlineData("++--++", true)]
    public void So_many_in_a_row_decide(string checks, bool? isUp) => After(checks).IsUp.ShouldBe(isUp);

    [Theory]
    [InlineData("++", 1000)]
    [InlineData("+", 100)]
    [InlineData("++-", 100)]
    [InlineData("++--", 100)]
    [InlineData("++--++", 1000)]
    public void What_is_open_is_checked_again_soon(string checks, double milliseconds) =>
        After(checks).Pause(s_check).TotalMilliseconds.ShouldBe(milliseconds);

    [Fact]
    public void What_stays_away_is_checked_at_leisure() =>
        After(new string('-', EdgeLimits.QuickChecksMax + 1)).Pause(s_check).ShouldBe(s_check.Every);

    [Fact]
    public void The_edge_is_quicker_than_the_supervisor()
    {
        (s_check.Timeout, s_check.Fall).ShouldBe((EdgeLimits.CheckMax, EdgeLimits.FallMax));
        // From a freeze just after a good check, until nobody gets there any more.
        var worst = EdgeLimits.Doubt + EdgeLimits.LookEvery + EdgeLimits.DoubtSpacing
            + 2 * EdgeLimits.CheckMax + EdgeLimits.RecheckPause;
        worst.ShouldBeLessThan(TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData(AppState.Healthy, "++", 0, null, Standing.Usable)]
    [InlineData(AppState.Failed, "++", 0, null, Standing.Usable)]
    [InlineData(AppState.Draining, "++", 0, null, Standing.Draining)]
    [InlineData(AppState.Healthy, "", 0, null, Standing.Untested)]
    [InlineData(AppState.Healthy, "++-", 0, null, Standing.Suspect)]
    [InlineData(AppState.Healthy, "++--", 3, null, Standing.Out)]
    [InlineData(AppState.Healthy, "++", 3, null, Standing.PassedOver)]
    [InlineData(AppState.Healthy, "++", 0, 50.0, Standing.Usable)]
    [InlineData(AppState.Healthy, "++", 0, 100.0, Standing.Suspect)]
    internal void Everything_known_makes_one_standing(
        AppState state, string checks, int fails, double? doubtMs, Standing expected)
    {
        var now = TimeSpan.FromSeconds(100);
        var route = new RouteSettings { Path = "/", To = "bingo" };
        var passive = Enumerable.Range(0, fails).Aggregate(
            default(PassiveHealth), (health, _) => health.AfterFailure(now, route));
        TimeSpan? doubt = doubtMs is { } ms ? now - TimeSpan.FromMilliseconds(ms) : null;
        Standings.Of(new InstanceFacts(state, After(checks), passive, doubt), now).ShouldBe(expected);
    }

    [Theory]
    [InlineData(true, "--", true)]
    [InlineData(false, "++", true)]
    [InlineData(false, "", true)]
    [InlineData(false, "++--", false)]
    public void Without_key_it_stays_as_long_as_it_serves(bool isListed, string checks, bool stays) =>
        Standings.Stays(isListed, After(checks)).ShouldBe(stays);

    static ActiveHealth After(string checks) =>
        checks.Aggregate(default(ActiveHealth), (health, check) => health.After(check == '+', s_check));
}
