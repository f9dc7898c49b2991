using Holdfast.Agent.Watchdog;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Watchdog;

public sealed class WatchdogTimesTests
{
    [Theory]
    [InlineData(20, 18.9, 5, 15)] // Patroni's rule
    [InlineData(21, 19.9, 5, 16)]
    [InlineData(30, 28.9, -1, 15)]
    [InlineData(30, 18.9, 5, 18)] // the lease in force is still of a shorter ttl
    [InlineData(3, 2.4, 5, 2)] // below Patroni's smallest ttl its margin leaves nothing
    [InlineData(5, 3.9, 5, 3)]
    [InlineData(2, 1.4, 5, 1)]
    [InlineData(2, 0.4, 5, 1)]
    public void The_reset_comes_before_another_node_can_lead(int ttl, double left, int margin, int timeout) =>
        WatchdogTimes.Timeout(TimeSpan.FromSeconds(ttl), TimeSpan.FromSeconds(left), margin).ShouldBe(timeout);
}
