using Holdfast.Doubles.Postgres;
using Npgsql;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>A primary and a standby that follows it.</summary>
public sealed class PostgresPair : IAsyncLifetime
{
    public RealPostgres Primary { get; } = new();
    public RealPostgres Standby { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Primary.InitializeAsync();
        Standby = await Primary.StartStandbyAsync();
    }

    /// <summary>The standby shows all that the primary has committed up to now.</summary>
    public async Task StandbyHasAllAsync()
    {
        await using var primary = new NpgsqlConnection(RealPostgres.Conninfo(Primary.Port));
        await using var standby = new NpgsqlConnection(RealPostgres.Conninfo(Standby.Port));
        await primary.OpenAsync();
        await standby.OpenAsync();
        var written = await Queries.AskAsync(primary, "SELECT pg_current_wal_lsn()::text");
        await Eventually.IsAsync("the standby has replayed all", async () =>
            (bool)(await Queries.AskAsync(standby, $"SELECT pg_last_wal_replay_lsn() >= '{written}'"))!);
    }

    public async ValueTask DisposeAsync()
    {
        if (Standby is not null)
            await Standby.DisposeAsync();
        await Primary.DisposeAsync();
    }
}
