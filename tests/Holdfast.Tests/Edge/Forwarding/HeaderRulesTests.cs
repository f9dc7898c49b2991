using Holdfast.Edge;
using Holdfast.Edge.Forwarding;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Edge.Forwarding;

public sealed class HeaderRulesTests
{
    [Theory]
    [InlineData("Accept", null, true)]
    [InlineData("Host", null, true)]
    [InlineData("traceparent", null, true)]
    [InlineData("connection", null, false)]
    [InlineData("Transfer-Encoding", null, false)]
    [InlineData("X-Forwarded-For", null, false)]
    [InlineData("Content-Length", null, false)]
    [InlineData("X-Hop", "close, x-hop", false)]
    [InlineData("X-Hop", "close,x-hops", true)]
    public void What_belongs_to_one_connection_does_not_pass(string name, string? connection, bool passes) =>
        HeaderRules.PassesToInstance(name, connection).ShouldBe(passes);

    [Theory]
    [InlineData("Set-Cookie", true)]
    [InlineData("Content-Length", true)]
    [InlineData("x-server-instance", true)]
    [InlineData("Keep-Alive", false)]
    [InlineData("X-Request-Id", false)]
    public void The_same_on_the_way_back(string name, bool passes) =>
        HeaderRules.PassesToClient(name, connection: null).ShouldBe(passes);

    [Theory]
    [InlineData("0192-ab.c:d+e=f~g_H", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a b", false)]
    [InlineData("a\"b", false)]
    [InlineData("\u00e9", false)]
    public void An_id_of_safe_characters_is_kept(string? given, bool isKept)
    {
        (RequestId.Of(given) == given).ShouldBe(isKept);
        RequestId.IsSafe(RequestId.Of(given)).ShouldBeTrue();
    }

    [Fact]
    public void An_id_has_a_longest_length()
    {
        RequestId.IsSafe(new string('x', EdgeLimits.RequestIdCharsMax)).ShouldBeTrue();
        RequestId.IsSafe(new string('x', EdgeLimits.RequestIdCharsMax + 1)).ShouldBeFalse();
    }
}
