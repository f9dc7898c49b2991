using Holdfast.Lab.Proxies;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class MachineTimeTests
{
    [Fact]
    public void What_was_stolen_is_a_part_of_all_time()
    {
        var before = MachineTime.Parse("cpu  100 0 50 800 20 0 10 20 0 0");
        var after = MachineTime.Parse("cpu  150 0 80 800 20 0 10 40 30 0");
        after.StolenSince(before).ShouldBe(0.2);
        before.StolenSince(before).ShouldBe(0);
    }
}
