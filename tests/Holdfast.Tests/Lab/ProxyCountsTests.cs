using Holdfast.Lab.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class ProxyCountsTests
{
    const string Metrics = """
        # TYPE holdfast_pgproxy_pool_commits_resolved_total counter
        holdfast_pgproxy_pool_commits_resolved_total{port="primary",database="app",user="app",outcome="committed"} 6
        holdfast_pgproxy_pool_commits_resolved_total{port="primary",overflow="true",outcome="committed"} 1
        holdfast_pgproxy_pool_commits_resolved_total{port="primary",database="app",user="app",outcome="rolled_back"} 2
        holdfast_pgproxy_pool_commits_resolved_total{port="primary",database="app",user="app",outcome="unknown"} 1
        holdfast_pgproxy_pool_units_lost_total{port="primary",database="app",user="app",sqlstate="40001"} 7
        holdfast_pgproxy_pool_units_lost_total{port="primary",database="app",user="app",sqlstate="08007"} 3
        holdfast_pgproxy_pool_units_doubted_total{port="primary",database="app",user="app"} 4
        holdfast_pgproxy_pool_cancels_total{port="primary",database="app",user="app"} 5
        """;

    [Fact]
    public void They_are_those_of_all_pools() =>
        ProxyCounts.Read(Metrics).ShouldBe(new ProxyCounts(7, 2, 1, 3, 4, 5));

    [Fact]
    public void What_was_counted_meanwhile_is_the_difference()
    {
        var counts = ProxyCounts.Read(Metrics);
        (counts - counts).ShouldBe(ProxyCounts.Nothing);
        (counts - counts + counts).ShouldBe(counts);
    }
}
