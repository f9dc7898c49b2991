using System.Net;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Edge;

public sealed class LimitsTests : IAsyncDisposable
{
    readonly FakeApp _a = new("a");

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET /other HTTP/1.1\r\nHost: h\r\n\r\n", 404)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400)]
    [InlineData("TRACE /app HTTP/1.1\r\nHost: h\r\n\r\n", 501)]
    [InlineData("GET /app HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 501)]
    [InlineData("POST /app HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", 413)]
    [InlineData("POST /app HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "41\r\n0123456789012345678901234567890123456789012345678901234567890123a\r\n"
        + "41\r\n0123456789012345678901234567890123456789012345678901234567890123a\r\n0\r\n\r\n", 413)]
    [InlineData("POST /app HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    public async Task What_can_not_be_served_is_a_problem_with_details(string request, int status)
    {
        await using var edge = await EdgeUnderTest.StartAsync(
            [_a], route: EdgeUnderTest.ToApp with { Path = "/app", BodyMax = 100 });
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync(request);
        var answer = await client.UntilAsync("}");

        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("Content-Type: application/problem+json\r\n");
        answer.ShouldContain("\r\nx-request-id: ");
        answer.ShouldContain($"\"status\":{status},");
        _a.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nBroken header\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\n", 400)]
    [InlineData("GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505)]
    public async Task What_is_not_http_is_refused_and_never_reaches_an_instance(string request, int status)
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        var answer = await RawHttp.AskAsync(edge, request);
        answer.ShouldStartWith($"HTTP/1.1 {status} ");
        answer.ShouldContain("Content-Type: application/problem+json\r\n");
        answer.ShouldContain("\r\nx-request-id: ");
        answer.ShouldEndWith("}");
        _a.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Headers_have_a_limit()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: h\r\nX: {new string('x', 40_000)}\r\n\r\n");
        (await client.UntilAsync("\r\n")).ShouldStartWith("HTTP/1.1 431 ");
    }

    [Fact]
    public async Task Two_lengths_are_one_message()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        // Were the length believed, what follows would be a request of its own at the instance.
        var answer = await RawHttp.AskAsync(edge,
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            + "1b\r\nGET /smuggled HTTP/1.1\r\nX: y\r\n0\r\n\r\n");
        if (answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            _a.Requests.ShouldHaveSingleItem().Text.ShouldStartWith("GET /smuggled");
        else
            _a.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stop_lets_requests_end_and_takes_no_new_ones()
    {
        var go = new TaskCompletionSource();
        _a.Handler = async (_, socket) =>
        {
            await go.Task;
            await FakeApp.SendAsync(socket, FakeApp.Ok("late"));
        };
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        var late = edge.Client.GetStringAsync("/", Stop);
        await Wait.UntilAsync(() => _a.Requests.Count == 1, "under way");
        var stopping = edge.StopAsync();
        using var other = edge.NewClient();
        await Wait.UntilAsync(() => IsRefused(other), "no longer listening");
        go.SetResult();

        (await late).ShouldBe("late");
        await stopping;
    }

    static bool IsRefused(HttpClient client)
    {
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, client.BaseAddress!.Port);
            return false;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return true;
        }
    }

    public ValueTask DisposeAsync() => _a.DisposeAsync();
}
