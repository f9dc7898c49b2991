using System.Diagnostics;
using Holdfast.FunctionalTests.PgProxy;
using Npgsql;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>The measure of a machine that a limit in time was missed on: PostgreSQL without Holdfast.</summary>
static class PostgresAlone
{
    const int Clients = 24;

    /// <summary>Twice what two quiet cores take; a machine that takes longer can't show what Holdfast
    /// takes.</summary>
    static readonly TimeSpan EnoughForAnybody = TimeSpan.FromSeconds(1);

    /// <summary>Skips the test, and says why, if nobody could have kept a limit of seconds here.</summary>
    public static async Task SkipWhereSlowAsync(double missedByMs)
    {
        var alone = await ReturnsAfterAsync(TestContext.Current.CancellationToken);
        var found = $"PostgreSQL alone needs {alone.TotalMilliseconds:0} ms here from a crash to {Clients} writes";
        Assert.SkipWhen(alone > EnoughForAnybody, $"{missedByMs:0} ms over the limit, and {found}");
        TestContext.Current.TestOutputHelper?.WriteLine(found);
    }

    /// <summary>From the crash until each client, one after the other, has logged in and written.</summary>
    static async Task<TimeSpan> ReturnsAfterAsync(CancellationToken stop)
    {
        await using var postgres = new RealPostgres();
        await postgres.InitializeAsync();
        await WriteAsync(postgres, "CREATE TABLE t(n int)", stop);
        var crashed = Stopwatch.GetTimestamp();
        await postgres.StopAsync();
        await postgres.StartAsync(wait: true);
        for (var client = 0; client < Clients; client++)
            await WriteAsync(postgres, "INSERT INTO t VALUES (1)", stop);
        return Stopwatch.GetElapsedTime(crashed);
    }

    static async Task WriteAsync(RealPostgres postgres, string sql, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(postgres.Port));
        await connection.OpenAsync(stop);
        await using var write = new NpgsqlCommand(sql, connection);
        await write.ExecuteNonQueryAsync(stop);
    }
}
