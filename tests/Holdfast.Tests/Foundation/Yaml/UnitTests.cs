using Holdfast.Foundation.Yaml;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Foundation.Yaml;

public sealed class UnitTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("1.5 s", 1500)]
    [InlineData("250ms", 250)]
    [InlineData("2min", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("60x", null)]
    [InlineData("s", null)]
    [InlineData("-1s", null)]
    [InlineData("1.2.3s", null)]
    [InlineData("99999999999999d", null)]
    public void Durations(string text, int? milliseconds) =>
        (Unit.ReadDuration(text)?.TotalMilliseconds).ShouldBe(milliseconds);

    [Theory]
    [InlineData("512MB", 536_870_912)]
    [InlineData("8kB", 8192)]
    [InlineData("1.5GB", 1_610_612_736)]
    public void Sizes(string text, long bytes) => Unit.ReadBytes(text).ShouldBe(bytes);

    [Theory]
    [InlineData("512KB")]
    [InlineData("512")]
    public void No_sizes(string text) => Unit.ReadBytes(text).ShouldBeNull();
}
