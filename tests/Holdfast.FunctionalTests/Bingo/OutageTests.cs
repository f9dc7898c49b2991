using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Holdfast.Doubles.Postgres;
using Holdfast.FunctionalTests.PgProxy;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

/// <summary>The database goes and comes; the service stays.</summary>
[Collection(BingoFixture.Collection)]
public sealed class OutageTests(BingoFixture fixture) : IAsyncLifetime
{
    const string Session = """{"customer_id":1,"movie_id":1}""";

    /// <summary>Each would take twice 650 ms at the replica.</summary>
    static readonly TimeSpan s_twentyReads = TimeSpan.FromSeconds(5);

    readonly RealPostgres _postgres = new();
    readonly BingoProgram _bingo = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task It_serves_without_a_database_and_recovers_by_itself_whenever_one_comes()
    {
        await _bingo.ConfigureAsync(BingoProgram.Config(_postgres.Port));
        await _bingo.ServeAsync();
        await ShouldBeAwayAsync("connection refused");
        (await _bingo.StatusAsync("/")).ShouldBe(200);

        await _postgres.InitializeAsync();
        await HealthyAsync();
        using (var bare = await _bingo.GetAsync("/api/movie/1"))
        {
            bare.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await BingoProgram.TextAsync(bare)).ShouldContain("its tables are not there yet");
        }
        (await _bingo.PrepareAsync("--scale", "0.001")).Code.ShouldBe(0);
        (await _bingo.StatusAsync("/api/movie/1")).ShouldBe(200);

        await _postgres.StopAsync();
        await ShouldBeAwayAsync("connection refused");
        using (var write = await _bingo.PostAsync("/api/session", Session))
            write.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await _postgres.StartAsync(wait: true);
        await HealthyAsync();
        (await _bingo.StatusAsync("/api/movie/1")).ShouldBe(200);

        // Once per change, and not for every look.
        var said = _bingo.Errors.Split('\n').Where(line => line.Contains("the primary", StringComparison.Ordinal));
        said.Select(line => line.Contains("is away", StringComparison.Ordinal)).ShouldBe([true, false, true, false]);
        _bingo.Log().Count(line => (string?)line["event"] == "database_away").ShouldBe(2);
    }

    [Fact]
    public async Task Cut_sessions_are_noticed_by_nobody()
    {
        await _bingo.ConfigureAsync(BingoProgram.Config(fixture.Postgres.Port, fixture.Postgres.Port));
        await _bingo.ServeAsync();
        var made = new List<Uri>();
        for (var i = 0; i < 5; i++)
        {
            // Both pools have connections, with prepared statements, that the server no longer knows.
            (await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _bingo.StatusAsync("/api/session/1"))))
                .ShouldAllBe(code => code == 200);
            await CutAllAsync();
            using (var written = await _bingo.PostAsync("/api/session", Session))
            {
                written.StatusCode.ShouldBe(HttpStatusCode.Created);
                made.Add(written.Headers.Location!);
            }
            await CutAllAsync();
            (await _bingo.StatusAsync("/api/session/1")).ShouldBe(200);
            (await _bingo.StatusAsync("/db_dummy")).ShouldBe(200);
        }
        foreach (var place in made)
        {
            using var deleted = await _bingo.DeleteAsync(place.ToString());
            deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        }
        _bingo.Log().ShouldContain(line => (string?)line["event"] == "database_retry");
        // A try that was repeated has left nothing behind.
        made.Select(place => place.ToString()).Distinct(StringComparer.Ordinal).Count().ShouldBe(made.Count);
    }

    [Fact]
    public async Task Reads_outlive_the_replica_and_see_what_it_does_not_have_yet()
    {
        await _postgres.InitializeAsync();
        await _bingo.ConfigureAsync(BingoProgram.Config(_postgres.Port));
        (await _bingo.PrepareAsync("--scale", "0.001")).Code.ShouldBe(0);
        // Far behind: it has 1,000 sessions of 100,000.
        await _bingo.ConfigureAsync(BingoProgram.Config(fixture.Postgres.Port, _postgres.Port));
        await _bingo.ServeAsync();
        (await ListedAsync("/api/movie")).ShouldBe(10);
        (await _bingo.StatusAsync("/api/session/99999")).ShouldBe(200);
        (await _bingo.StatusAsync("/api/session/2000000000")).ShouldBe(404);

        await _postgres.StopAsync();
        for (var i = 1; i <= 5; i++)
            (await _bingo.StatusAsync($"/api/session/{i}")).ShouldBe(200);
        (await ListedAsync("/api/movie")).ShouldBe(1000);
        (await _bingo.StatusAsync("/ping")).ShouldBe(200);
        await Eventually.IsAsync("it says so", () =>
            _bingo.Errors.Contains("the replica at", StringComparison.Ordinal)
            && _bingo.Errors.Contains("is away", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_replica_that_never_answers_costs_one_try_and_then_nothing()
    {
        // Takes connections, as a frozen server does: the kernel accepts for it.
        using var frozen = new TcpListener(IPAddress.Loopback, 0);
        frozen.Start();
        await _bingo.ConfigureAsync(
            BingoProgram.Config(fixture.Postgres.Port, ((IPEndPoint)frozen.LocalEndpoint).Port));
        await _bingo.ServeAsync();
        (await _bingo.StatusAsync("/api/movie/1")).ShouldBe(200);
        await Eventually.IsAsync("it is known", () =>
            _bingo.Errors.Contains("no answer within 700 ms", StringComparison.Ordinal));
        var started = Stopwatch.GetTimestamp();
        for (var i = 1; i <= 20; i++)
            (await _bingo.StatusAsync($"/api/movie/{i}")).ShouldBe(200);
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(s_twentyReads);
    }

    [Fact]
    public async Task What_is_under_way_is_finished_before_it_stops()
    {
        await _bingo.ConfigureAsync(BingoProgram.Config(fixture.Postgres.Port));
        await _bingo.ServeAsync();
        var asked = _bingo.JsonAsync("/long_dummy");
        // Answered while the other one is under way.
        (await _bingo.StatusAsync("/ping")).ShouldBe(200);
        _bingo.Signal(PosixSignal.SIGTERM);
        var answer = await asked;
        ((int)answer["took_ms"]!).ShouldBeInRange(2950, 8000);
        ((string)answer["made_at"]!).ShouldEndWith("Z");
        ((DateTime)answer["made_at"]!).ShouldBe(DateTimeOffset.UtcNow.UtcDateTime, TimeSpan.FromSeconds(10));
        (await _bingo.EndAsync()).ShouldBe(0);
        _bingo.Log()[^1]["event"]!.GetValue<string>().ShouldBe("stopped");
    }

    public async ValueTask DisposeAsync()
    {
        await _bingo.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    /// <summary>What it says is up to a second old, and the server may still be about to stop.</summary>
    Task ShouldBeAwayAsync(string reason) => Eventually.IsAsync($"it is away: {reason}", async () =>
    {
        using var ping = await _bingo.GetAsync("/ping");
        return ping.StatusCode == HttpStatusCode.InternalServerError
            && ping.Content.Headers.ContentType!.ToString() == "application/problem+json"
            && (string?)JsonNode.Parse(await BingoProgram.TextAsync(ping))!["detail"]
                == $"the database is away: the primary at 127.0.0.1:{_postgres.Port}: {reason}";
    });

    Task HealthyAsync() => Eventually.IsAsync("it is healthy", async () => await _bingo.StatusAsync("/ping") == 200);

    async Task<int> ListedAsync(string path) =>
        (await _bingo.ListAsync(path)).Count;

    async Task CutAllAsync()
    {
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(fixture.Postgres.Port));
        await connection.OpenAsync();
        await using var cut = new NpgsqlCommand("""
            SELECT coalesce(array_agg(pid) FILTER (WHERE is_told), '{}') FROM (
              SELECT pid, pg_terminate_backend(pid) AS is_told
              FROM pg_stat_activity WHERE application_name = 'bingo') theirs
            """, connection);
        var pids = (int[])(await cut.ExecuteScalarAsync())!;
        await using var left = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ($1)", connection);
        left.Parameters.Add(new NpgsqlParameter { Value = pids });
        await Eventually.IsAsync("they are cut", async () => (long)(await left.ExecuteScalarAsync())! == 0);
    }
}
