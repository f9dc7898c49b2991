using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>One client that reads from the replicas.</summary>
sealed class Reader(string connectionString, TimeSpan pace, Ledger ledger)
{
    static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(10);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAndReadAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException or InvalidOperationException)
            {
                ledger.AddError("read_" + Failure.Kind(failure));
                await Wait(stop);
            }
        }
    }

    async Task ConnectAndReadAsync(CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(stop);
        using var timer = new PeriodicTimer(pace, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stop))
        {
            await using var read = new NpgsqlCommand(TrafficTable.Read, connection);
            _ = await read.ExecuteScalarAsync(CancellationToken.None);
        }
    }

    static async Task Wait(CancellationToken stop)
    {
        try
        {
            await Task.Delay(RetryPause, TimeProvider.System, stop);
        }
        catch (OperationCanceledException)
        {
            // The run is over: the loop sees it.
        }
    }
}
