using Holdfast.Lab;
using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class DisksTests
{
    [Theory]
    [InlineData("4G", 4L << 30)]
    [InlineData("2048M", 2L << 30)]
    public void A_size_is_a_number_with_a_unit(string text, long bytes) => Disks.Bytes(text).ShouldBe(bytes);

    [Theory]
    [InlineData("4")]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("512M")]
    [InlineData("-1G")]
    [InlineData("99999999999999G")]
    public void Anything_else_is_refused(string text) =>
        Should.Throw<LabException>(() => Disks.Bytes(text)).Message.ShouldContain("at least 1G");
}
