using Npgsql;

namespace Bingo.Data;

/// <summary>
/// Work with the database that ends for its caller when its time is over, whatever Npgsql does: to cancel a query it
/// asks the server over a second connection, and a frozen server lets it wait there too.
/// </summary>
static class TimeLimit
{
    /// <summary>What is left behind is cancelled, and what it still brings is disposed.</summary>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/>.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="stop"/>.</exception>
    public static async Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> work, TimeSpan limit, TimeProvider clock, CancellationToken stop)
    {
        var left = new CancellationTokenSource();
        var running = work(left.Token);
        try
        {
            return await running.WaitAsync(limit, clock, stop);
        }
        finally
        {
            if (running.IsCompleted)
                left.Dispose();
            else
                _ = LeaveAsync(running, left); // it ends by its own limits, and tells nobody
        }
    }

    static async Task LeaveAsync<T>(Task<T> running, CancellationTokenSource left)
    {
        using (left)
        {
            try
            {
                await left.CancelAsync();
                if (await running is IAsyncDisposable late)
                    await late.DisposeAsync();
            }
            catch (Exception failure)
                when (failure is NpgsqlException or OperationCanceledException or TimeoutException or IOException)
            {
                // Whoever wanted it has been told.
            }
        }
    }
}
