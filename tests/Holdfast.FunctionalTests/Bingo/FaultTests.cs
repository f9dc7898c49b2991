using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Holdfast.Doubles.Postgres;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

/// <summary>The fault switches; none of them needs a database.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    const int SignalOfKill = 128 + 9;

    readonly BingoProgram _bingo = new();

    public async ValueTask InitializeAsync()
    {
        await _bingo.ConfigureAsync(BingoProgram.Config(9), more: "faults: true");
        await _bingo.ServeAsync();
    }

    public ValueTask DisposeAsync() => _bingo.DisposeAsync();

    [Fact]
    public async Task Error_answers_500_everywhere_until_it_is_over()
    {
        await OrderAsync("""{"kind":"error","for_ms":900}""", """{"kind":"error","after_ms":0,"for_ms":900}""");
        // The answer that shows it is the one that is looked at: the next one may come when it is over.
        await Eventually.IsAsync("it errs, as a problem", async () =>
        {
            using var answer = await _bingo.GetAsync("/nowhere");
            answer.Content.Headers.ContentType!.ToString().ShouldBe("application/problem+json");
            return answer.StatusCode == HttpStatusCode.InternalServerError;
        });
        await Eventually.IsAsync("it is over", async () => await _bingo.StatusAsync("/") == 200);
    }

    [Fact]
    public async Task Hang_answers_nobody_until_it_is_over()
    {
        var started = Stopwatch.GetTimestamp();
        await OrderAsync(
            """{"kind":"hang","after_ms":100,"for_ms":600}""", """{"kind":"hang","after_ms":100,"for_ms":600}""");
        await Eventually.IsAsync("it hangs", () =>
            _bingo.Errors.Contains("the fault switch acts: hang", StringComparison.Ordinal));
        Stopwatch.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(100));
        (await _bingo.StatusAsync("/")).ShouldBe(200);
        Stopwatch.GetElapsedTime(started).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(690));
    }

    [Fact]
    public async Task Die_answers_and_is_gone()
    {
        await OrderAsync("""{"kind":"die"}""", """{"kind":"die","after_ms":0,"for_ms":0}""");
        (await _bingo.EndAsync()).ShouldBe(SignalOfKill);
        _bingo.Log()[^1]["message"]!.GetValue<string>().ShouldBe("the fault switch acts: die");
        using var socket = new TcpClient();
        await Should.ThrowAsync<SocketException>(
            () => socket.ConnectAsync(IPAddress.Loopback, _bingo.Http.BaseAddress!.Port));
    }

    [Fact]
    public async Task A_wrong_order_is_a_problem_and_does_nothing()
    {
        string[] orders =
        [
            """{"kind":"burn"}""", """{"kind":7}""", """{"after_ms":5}""", """{"kind":"die","after_ms":-1}""",
            """{"kind":"die","for_ms":3600001}""",
        ];
        foreach (var order in orders)
        {
            using var answer = await _bingo.PostAsync("/fault", order);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }
        (await _bingo.StatusAsync("/")).ShouldBe(200);
    }

    async Task OrderAsync(string order, string expected)
    {
        using var answer = await _bingo.PostAsync("/fault", order);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await BingoProgram.TextAsync(answer)).ShouldBe(expected);
    }
}
