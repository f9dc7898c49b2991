using Holdfast.Lab.Checks;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class LatenessHistogramTests
{
    static string Metrics(int first, int second, int all) => $$"""
        # TYPE holdfast_heartbeat_lateness_seconds histogram
        holdfast_heartbeat_lateness_seconds_bucket{le="0.001"} {{first}}
        holdfast_heartbeat_lateness_seconds_bucket{scope="films",le="0.01"} {{second}}
        holdfast_heartbeat_lateness_seconds_bucket{le="+Inf"} {{all}}
        holdfast_heartbeat_lateness_seconds_count {{all}}
        holdfast_other_bucket{le="0.1"} 7

        """;

    [Fact]
    public void A_quantile_is_the_bound_of_its_bucket()
    {
        var late = LatenessHistogram.Read(Metrics(990, 999, 1_000));
        (late.Total, late.Within(0.99), late.Within(0.999), late.Within(1))
            .ShouldBe((1_000, 0.001, 0.01, double.PositiveInfinity));
    }

    [Fact]
    public void What_came_before_the_load_is_left_out() => LatenessHistogram.Read(Metrics(990, 1_010, 1_010))
        .Since(LatenessHistogram.Read(Metrics(990, 1_000, 1_000))).Within(0.1).ShouldBe(0.01);

    [Fact]
    public void Without_the_metric_nothing_is_claimed() =>
        LatenessHistogram.Read("holdfast_term 3\n").Within(0.5).ShouldBeNull();
}
