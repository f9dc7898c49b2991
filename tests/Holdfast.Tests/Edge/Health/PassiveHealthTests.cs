using Holdfast.Cluster.Configuration;
using Holdfast.Edge.Health;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Edge.Health;

public sealed class PassiveHealthTests
{
    static readonly RouteSettings s_route =
        new() { Path = "/", To = "bingo", MaxFails = 3, FailTimeout = TimeSpan.FromSeconds(10) };

    [Fact]
    public void Enough_failures_within_the_window_pass_it_over_for_as_long()
    {
        var health = Fail(s_route, 0, 4, 9);
        health.IsPassedOver(At(9)).ShouldBeTrue();
        health.IsPassedOver(At(18.9)).ShouldBeTrue();
        health.IsPassedOver(At(19)).ShouldBeFalse();
    }

    [Fact]
    public void Failures_far_apart_do_not() => Fail(s_route, 0, 6, 12, 18).IsPassedOver(At(18)).ShouldBeFalse();

    [Fact]
    public void After_it_one_failure_is_enough_and_one_success_forgets_all()
    {
        Fail(s_route, 0, 0, 0, 11).IsPassedOver(At(20)).ShouldBeTrue();
        PassiveHealth.AfterSuccess.AfterFailure(At(11), s_route).IsPassedOver(At(11)).ShouldBeFalse();
    }

    [Fact]
    public void Zero_means_never() =>
        Fail(s_route with { MaxFails = 0 }, 0, 0, 0, 0).IsPassedOver(At(0)).ShouldBeFalse();

    [Theory]
    [InlineData(500, true)]
    [InlineData(501, false)]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(504, true)]
    [InlineData(404, false)]
    [InlineData(200, false)]
    public void Some_answers_are_failures(int status, bool isFailure) =>
        PassiveHealth.IsFailure(status).ShouldBe(isFailure);

    static PassiveHealth Fail(RouteSettings route, params double[] seconds) =>
        seconds.Aggregate(default(PassiveHealth), (health, second) => health.AfterFailure(At(second), route));

    static TimeSpan At(double seconds) => TimeSpan.FromSeconds(100 + seconds);
}
