using Npgsql;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>What befalls a server: killed and started again, its backends terminated, frozen for a while.</summary>
sealed class SoakFaults(RealPostgres postgres, Random random)
{
    static readonly TimeSpan s_every = IsLong(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(2));
    static readonly TimeSpan s_frozen = TimeSpan.FromSeconds(2);

    int _kills, _terminations, _pauses;

    /// <summary>For people.</summary>
    public string Told => $"{_kills} kills, {_terminations} terminations, {_pauses} pauses";

    static TimeSpan IsLong(TimeSpan then, TimeSpan otherwise) => RunTime.IsLong ? then : otherwise;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_every, stop);
                await (random.Next(3) switch
                {
                    0 => KillAsync(),
                    1 => TerminateAsync(),
                    _ => PauseAsync(),
                });
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; and the server runs.
        }
    }

    async Task KillAsync()
    {
        _kills++;
        await postgres.StopAsync();
        await postgres.StartAsync(wait: true);
    }

    async Task TerminateAsync()
    {
        _terminations++;
        await using var connection = new NpgsqlConnection(RealPostgres.Conninfo(postgres.Port));
        await connection.OpenAsync();
        await Queries.AskAsync(connection, """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() < 0.5
            """);
    }

    async Task PauseAsync()
    {
        _pauses++;
        await postgres.SignalAllAsync("STOP");
        await Task.Delay(s_frozen);
        await postgres.SignalAllAsync("CONT");
    }
}
