using System.Net;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Edge;

public sealed class ForwardingTests : IAsyncDisposable
{
    readonly FakeApp _a = new("a"), _b = new("b");

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_are_spread_by_weight()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        await edge.AnnounceAsync(_a, weight: 3);
        await Wait.UntilAsync(() => edge.Find(_a)!.Weight == 3, "weighed");

        for (var turn = 0; turn < 40; turn++)
            await edge.Client.GetStringAsync("/", Stop);
        (_a.Requests.Count, _b.Requests.Count).ShouldBe((30, 10));
    }

    [Fact]
    public async Task The_instance_gets_what_the_client_sent_and_who_it_was()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync(
            "GET /a%2Fb/../c?x=%41&y=\" HTTP/1.1\r\nHost: films.example\r\nX-Request-Id: me-1\r\nAccept: text/x\r\n"
            + "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nTraceparent: 00-abc-def-01\r\nTE: trailers\r\n"
            + "Cookie: k=\u00e9\r\nX-Hop: secret\r\nKeep-Alive: 5\r\nConnection: x-hop\r\n\r\n");
        await client.UntilAsync("\r\n\r\na");

        var request = _a.Requests.ShouldHaveSingleItem();
        request.Target.ShouldBe("/a%2Fb/../c?x=%41&y=\"");
        request["Host"].ShouldBe("films.example");
        request["X-Forwarded-Host"].ShouldBe("films.example");
        request["X-Forwarded-For"].ShouldBe("127.0.0.1");
        request["X-Forwarded-Proto"].ShouldBe("http");
        request["x-request-id"].ShouldBe("me-1");
        request["Traceparent"].ShouldBe("00-abc-def-01");
        request["Accept"].ShouldBe("text/x");
        request["Cookie"].ShouldBe("k=\u00e9");
        foreach (var gone in (string[])["Forwarded", "TE", "X-Hop", "Keep-Alive", "Connection"])
            request[gone].ShouldBeNull(gone);
    }

    [Fact]
    public async Task The_client_gets_what_the_instance_answered()
    {
        _a.Handler = (_, socket) => FakeApp.SendAsync(socket,
            "HTTP/1.1 207 Odd\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: own\r\nX-Name: \u00e9\r\nX-Hop: 1\r\n"
            + "X-Request-Id: other\r\nConnection: x-hop\r\nContent-Length: 2\r\n\r\nhi");
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        var answer = await RawHttp.AskAsync(edge,
            "GET / HTTP/1.1\r\nHost: h\r\nx-request-id: me-1\r\nConnection: close\r\n\r\n");

        answer.ShouldStartWith("HTTP/1.1 207 ");
        foreach (var line in (string[])
            ["Set-Cookie: a=1", "Set-Cookie: b=2", "Server: own", "X-Name: \u00e9", "x-request-id: me-1",
                "x-server-instance: a", "Content-Length: 2"])
            answer.ShouldContain($"\r\n{line}\r\n");
        answer.ShouldNotContain("X-Hop");
        answer.ShouldEndWith("\r\n\r\nhi");
    }

    [Fact]
    public async Task An_instance_may_name_itself_and_an_id_is_made_where_none_is_good()
    {
        _a.Handler = (_, socket) => FakeApp.SendAsync(socket, FakeApp.Ok("hi", "x-server-instance: seven\r\n"));
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation("x-request-id", "<script>");
        using var answer = await edge.Client.SendAsync(request, Stop);

        answer.Headers.GetValues("x-server-instance").ShouldBe(["seven"]);
        var id = answer.Headers.GetValues("x-request-id").ShouldHaveSingleItem();
        id.Length.ShouldBe(32);
        _a.Requests.ShouldHaveSingleItem()["x-request-id"].ShouldBe(id);
    }

    [Theory]
    [InlineData("HEAD", "200 OK", "Content-Length: 7\r\n", "Content-Length: 7")]
    [InlineData("GET", "204 No Content", "", "x-server-instance: a")]
    [InlineData("GET", "304 Not Modified", "ETag: \"x\"\r\n", "ETag: \"x\"")]
    public async Task Answers_without_a_body_pass(string method, string status, string headers, string expected)
    {
        _a.Handler = (_, socket) => FakeApp.SendAsync(socket, $"HTTP/1.1 {status}\r\n{headers}\r\n");
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        var answer = await RawHttp.AskAsync(edge, $"{method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        answer.ShouldStartWith($"HTTP/1.1 {status[..3]}");
        answer.ShouldContain(expected);
        answer.ShouldEndWith("\r\n\r\n");
    }

    [Fact]
    public async Task A_large_answer_is_streamed_and_waits_for_a_slow_client()
    {
        const int piece = 64 * 1024, pieces = 1024;
        var written = 0;
        _a.Handler = async (_, socket) =>
        {
            await FakeApp.SendAsync(socket, $"HTTP/1.1 200 OK\r\nContent-Length: {(long)piece * pieces}\r\n\r\n");
            var bytes = new byte[piece];
            for (; written < pieces; Interlocked.Increment(ref written))
                await SendAllAsync(socket, bytes);
        };
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var answer = await edge.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Stop);
        await Wait.UntilStillAsync(() => Volatile.Read(ref written), "the instance waits");
        written.ShouldBeLessThan(pieces / 2, "buffers of sockets, not of the edge");

        await using var body = await answer.Content.ReadAsStreamAsync(Stop);
        var buffer = new byte[piece];
        var read = 0L;
        while (await body.ReadAsync(buffer, Stop) is > 0 and var count)
            read += count;
        read.ShouldBe((long)piece * pieces);
        GC.KeepAlive(answer);
    }

    [Fact]
    public async Task A_chunked_answer_passes_piece_by_piece()
    {
        var next = new TaskCompletionSource();
        _a.Handler = async (_, socket) =>
        {
            await FakeApp.SendAsync(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            await next.Task;
            await FakeApp.SendAsync(socket, "3\r\none\r\n0\r\n\r\n");
        };
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var answer = await edge.Client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK); // The head is here before the body has begun.
        next.SetResult();
        (await answer.Content.ReadAsStringAsync(Stop)).ShouldBe("one");
    }

    [Fact]
    public async Task A_large_upload_is_streamed()
    {
        await using var edge = await EdgeUnderTest.StartAsync(
            [_a], route: EdgeUnderTest.ToApp with { BodyMax = 64 * 1024 * 1024 });
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        await client.SendAsync("5\r\nfirst\r\n");
        await Wait.UntilAsync(() => Interlocked.Read(ref _a.BodyBytes) == 5, "the piece came before the end");
        var piece = new string('x', 1024 * 1024);
        for (var turn = 0; turn < 8; turn++)
            await client.SendAsync($"100000\r\n{piece}\r\n");
        await client.SendAsync("0\r\n\r\n");

        (await client.RestAsync()).ShouldStartWith("HTTP/1.1 200 ");
        _a.Requests.ShouldHaveSingleItem().Body.Length.ShouldBe(5 + 8 * 1024 * 1024);
    }

    [Fact]
    public async Task A_client_that_expects_to_be_asked_is_asked()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync(
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        await client.UntilAsync("HTTP/1.1 100 Continue\r\n\r\n");
        await client.SendAsync("hi");
        (await client.RestAsync()).ShouldStartWith("HTTP/1.1 200 ");
        var request = _a.Requests.ShouldHaveSingleItem();
        (request.Text, request["Expect"]).ShouldBe(("hi", null));
    }

    [Fact]
    public async Task A_client_that_goes_ends_the_attempt()
    {
        var isGone = new TaskCompletionSource();
        _a.Handler = async (_, socket) =>
        {
            (await socket.ReceiveAsync(new byte[1])).ShouldBe(0);
            isGone.SetResult();
        };
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using (var client = await RawHttp.ConnectAsync(edge))
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            await Wait.UntilAsync(() => _a.Requests.Count == 1, "forwarded");
        }
        await isGone.Task.WaitAsync(Wait.Limit, Stop);
        await Wait.UntilAsync(() => edge.Lines.Any(line => line["status"] is 499), "logged");
    }

    [Fact]
    public async Task An_answer_that_breaks_off_resets_the_client()
    {
        _a.Handler = async (_, socket) =>
        {
            await FakeApp.SendAsync(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
            socket.Shutdown(SocketShutdown.Both);
        };
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        using var client = await RawHttp.ConnectAsync(edge);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        (await client.EndsByResetAsync()).ShouldBeTrue();
        await Wait.UntilAsync(
            () => edge.Lines.Any(line => line.GetValueOrDefault("failure") is "answer_broke"), "logged");
    }

    [Fact]
    public async Task Each_request_leaves_a_line_and_is_counted()
    {
        var app = new FakeApp("counted");
        await using var owned = app;
        await using var edge = await EdgeUnderTest.StartAsync(
            [app], route: EdgeUnderTest.ToApp with { Path = "/counted" });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/counted/x?secret=1");
        request.Headers.Add("x-request-id", "line-1");
        using var answer = await edge.Client.SendAsync(request, Stop);
        await Wait.UntilAsync(() => edge.Lines.Count == 1, "logged");

        var line = edge.Lines[0];
        line.Keys.ShouldBe(
            ["attempts", "bytes", "client", "id", "instance", "method", "ms", "path", "route", "status"]);
        (line["id"], line["path"], line["route"], line["instance"], line["status"], line["bytes"], line["attempts"])
            .ShouldBe(("line-1", "/counted/x", "/counted", "counted", 200, 7L, 1));
        var labels = "{route=\"/counted\",instance=\"counted\",status=\"2xx\"";
        var metrics = await edge.MetricsAsync();
        metrics.ShouldContain($"holdfast_edge_requests_total{labels}}} 1\n");
        metrics.ShouldContain($"holdfast_edge_duration_seconds_count{labels}}} 1\n");
        metrics.ShouldContain($"holdfast_edge_duration_seconds_bucket{labels},le=\"+Inf\"}} 1\n");
        metrics.ShouldContain("# TYPE holdfast_edge_duration_seconds histogram\n");
        metrics.ShouldContain("holdfast_edge_instance_state{app=\"bingo\",instance=\"counted\","
            + $"address=\"{app.Address}\",state=\"usable\"}} 1\n");
    }

    static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }
}
