using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Holdfast.Cluster.Configuration;
using Holdfast.Edge.Health;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Edge;

public sealed class RetryTests : IAsyncLifetime
{
    readonly FakeApp _a = new("a"), _b = new("b");

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Theory, InlineData("GET"), InlineData("POST"), InlineData("DELETE")]
    public async Task What_was_not_sent_goes_to_another_instance(string method)
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        await _a.KillAsync();

        for (var turn = 0; turn < 4; turn++)
            (await SendAsync(edge, method)).ShouldBe((HttpStatusCode.OK, "b"));
        _b.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_safe_request_that_failed_there_is_repeated_elsewhere()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        _a.Mood = AppMood.Fails;

        for (var turn = 0; turn < 4; turn++)
            (await SendAsync(edge, "GET")).ShouldBe((HttpStatusCode.OK, "b"));
        _a.Requests.ShouldNotBeEmpty();
        (await edge.MetricsAsync()).ShouldContain(
            "holdfast_edge_retries_total{route=\"/\",instance=\"a\",reason=\"answered_5xx\"}");
    }

    [Fact]
    public async Task A_post_that_failed_there_is_not_repeated_and_the_instance_is_passed_over()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        _a.Mood = AppMood.Fails;

        var answers = new List<(HttpStatusCode, string)>();
        for (var turn = 0; turn < 12; turn++)
            answers.Add(await SendAsync(edge, "POST"));
        answers.Count(answer => answer == (HttpStatusCode.InternalServerError, "oops"))
            .ShouldBe(EdgeUnderTest.ToApp.MaxFails);
        answers.Count(answer => answer == (HttpStatusCode.OK, "b")).ShouldBe(12 - EdgeUnderTest.ToApp.MaxFails);
        edge.Find(_a)!.Standing.ShouldBe(Standing.PassedOver);
    }

    [Fact]
    public async Task Instances_that_are_all_passed_over_are_better_than_none()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        _a.Mood = AppMood.Fails;
        for (var turn = 0; turn < 3; turn++)
            (await SendAsync(edge, "POST")).Status.ShouldBe(HttpStatusCode.InternalServerError);
        edge.Find(_a)!.Standing.ShouldBe(Standing.PassedOver);

        _a.Mood = AppMood.Serves;
        (await SendAsync(edge, "POST")).ShouldBe((HttpStatusCode.OK, "a"));
        edge.Find(_a)!.Standing.ShouldBe(Standing.Usable);
    }

    [Theory, InlineData("POST"), InlineData("DELETE")]
    public async Task What_may_have_been_carried_out_is_not_sent_again(string method)
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        (await SendAsync(edge, method)).Status.ShouldBe(HttpStatusCode.OK); // There is a kept connection now.
        (await SendAsync(edge, method)).Status.ShouldBe(HttpStatusCode.OK);
        _a.Handler = _b.Handler = (_, socket) =>
        {
            socket.Shutdown(System.Net.Sockets.SocketShutdown.Both);
            return Task.CompletedTask;
        };

        var (status, body) = await SendAsync(edge, method);
        status.ShouldBe(HttpStatusCode.BadGateway);
        body.ShouldContain("whether it carried the request out is unknown");
        (_a.Requests.Count + _b.Requests.Count).ShouldBe(3);
    }

    [Fact]
    public async Task A_connection_that_was_closed_at_rest_is_nobodys_error()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        for (var turn = 0; turn < 200; turn++)
        {
            (await SendAsync(edge, "POST", $"{turn}")).ShouldBe((HttpStatusCode.OK, "a"));
            _a.CloseConnections(); // Sometimes the edge has noticed by the next turn, sometimes not.
        }
        _a.Requests.Select(request => request.Text).ShouldBe(Enumerable.Range(0, 200).Select(turn => $"{turn}"));
    }

    [Fact]
    public async Task An_instance_killed_under_posts_costs_only_what_it_was_doing_and_repeats_nothing()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b], EdgeUnderTest.Watchful);
        var (sent, failed, last) = (0, new ConcurrentQueue<(HttpStatusCode, string)>(), 1200);
        var clients = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (Interlocked.Increment(ref sent) is var id && id <= last)
            {
                var answer = await SendAsync(edge, "POST", $"{id}");
                if (answer.Status != HttpStatusCode.OK)
                    failed.Enqueue(answer);
            }
        }).ToList();
        for (var round = 1; round <= 3; round++)
        {
            await Wait.UntilAsync(() => Volatile.Read(ref sent) > last / 4 * round, "load");
            await _a.KillAsync();
            await Wait.UntilAsync(() => Volatile.Read(ref sent) > last / 4 * round + last / 8, "load");
            _a.Restart();
        }
        await Task.WhenAll(clients);

        failed.Count.ShouldBeLessThanOrEqualTo(3 * 8); // At most what was under way at each of the kills.
        failed.ShouldAllBe(answer => answer.Item1.Equals(HttpStatusCode.BadGateway));
        var carriedOut = _a.Requests.Concat(_b.Requests).Select(request => request.Text).ToList();
        carriedOut.Count.ShouldBe(carriedOut.Distinct(StringComparer.Ordinal).Count(), "nothing is carried out twice");
        carriedOut.Count.ShouldBeGreaterThanOrEqualTo(last - failed.Count);
    }

    [Fact]
    public async Task Requests_on_a_frozen_instance_move_away_and_it_comes_back_after_its_recovery()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b], EdgeUnderTest.Watchful);
        _a.Mood = AppMood.Frozen;
        var frozen = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(edge, "GET")));
        answers.ShouldAllBe(answer => answer.Equals(new ValueTuple<HttpStatusCode, string>(HttpStatusCode.OK, "b")));
        // 2 s on a quiet machine; this one may be busy, and who is frozen answers never.
        Stopwatch.GetElapsedTime(frozen).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        edge.Find(_a)!.Standing.ShouldBe(Standing.Out);

        _a.Mood = AppMood.Serves;
        await edge.UntilAsync(_a, Standing.Usable);
        var names = new List<string>();
        for (var turn = 0; turn < 10; turn++)
            names.Add((await SendAsync(edge, "GET")).Body);
        names.ShouldContain("a");
    }

    [Fact]
    public async Task A_post_on_a_frozen_instance_stays_there_and_others_avoid_it_soon()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        _a.Mood = _b.Mood = AppMood.Frozen;
        var stuck = SendAsync(edge, "POST", "once");
        await Wait.UntilAsync(() => _a.Connections + _b.Connections > 0, "sent");
        _b.Mood = AppMood.Serves;
        // Calm: no check would come by itself, so doubt alone takes it out.
        await edge.UntilAsync(_a, Standing.Out);
        (await SendAsync(edge, "POST", "other")).ShouldBe((HttpStatusCode.OK, "b"));
        stuck.IsCompleted.ShouldBeFalse();

        _a.Mood = AppMood.Serves;
        (await stuck).ShouldBe((HttpStatusCode.OK, "a"));
        _a.Requests.Concat(_b.Requests).Count(request => request.Text == "once").ShouldBe(1);
    }

    [Fact]
    public async Task Without_any_instance_the_client_is_told_to_come_again()
    {
        await using var edge = await EdgeUnderTest.StartAsync([]);
        using var answer = await edge.Client.GetAsync("/", Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_a_timeout()
    {
        _a.Handler = async (_, socket) => await socket.ReceiveAsync(new byte[1]); // Until the edge gives up.
        await using var edge = await EdgeUnderTest.StartAsync(
            [_a], route: EdgeUnderTest.ToApp with { Timeout = TimeSpan.FromMilliseconds(200) });
        using var answer = await edge.Client.GetAsync("/", Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.GatewayTimeout);
    }

    static async Task<(HttpStatusCode Status, string Body)> SendAsync(
        EdgeUnderTest edge, string method, string? body = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), "/");
        request.Content = body is null ? null : new StringContent(body);
        using var answer = await edge.Client.SendAsync(request, Stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Stop));
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }
}
