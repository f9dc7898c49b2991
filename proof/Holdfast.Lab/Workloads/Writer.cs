using Holdfast.Foundation.Processes;
using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>One client that inserts unique ids, one after the other, and keeps the ledger honest.</summary>
sealed class Writer(string connectionString, int worker, TimeSpan pace, Ledger ledger)
{
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAndWriteAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    async Task ConnectAndWriteAsync(CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        try
        {
            await connection.OpenAsync(stop);
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
        {
            ledger.AddError(Failure.Kind(failure)); // Nothing was sent: no id is used up.
            await Task.Delay(pace, TimeProvider.System, stop);
            return;
        }
        using var timer = new PeriodicTimer(pace, TimeProvider.System);
        // A refused insert keeps the session, a broken session does not come back.
        while (await timer.WaitForNextTickAsync(stop) && connection.State == System.Data.ConnectionState.Open)
            ledger.Add(await InsertAsync(connection));
    }

    /// <summary>Not cancelled by the end of the run: an answer that is under way is waited for, within its own
    /// limit.</summary>
    async Task<Attempt> InsertAsync(NpgsqlConnection connection)
    {
        var (id, sent) = (ledger.NextId(), Now);
        try
        {
            await using var insert = TrafficTable.InsertInto(connection, id, worker);
            await using var answer = await insert.ExecuteReaderAsync(CancellationToken.None);
            _ = await answer.ReadAsync(CancellationToken.None);
            var (server, timeline) = (answer.GetString(0), answer.GetInt32(1));
            // The commit is known only with ReadyForQuery, which follows the row: an error may still come.
            _ = await answer.NextResultAsync(CancellationToken.None);
            await answer.CloseAsync();
            return new Attempt(id, worker, Outcome.Acknowledged, null, sent, Now, server, timeline);
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or InvalidOperationException)
        {
            return new Attempt(id, worker, Failure.OfSent(failure), Failure.Kind(failure), sent, Now);
        }
    }

    /// <summary>Milliseconds since boot: the same clock in every process of the machine.</summary>
    public static double Now => BootClock.Now.TotalMilliseconds;
}
