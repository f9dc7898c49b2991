using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Doubt;

/// <summary>The clients of one round, and whoever cancels what they do.</summary>
sealed class DoubtLoad : IAsyncDisposable
{
    /// <summary>Between two cancels of one client, at random.</summary>
    const int CancelPauseLeastMs = 2, CancelPauseMostMs = 30;

    /// <summary>Until each client has been told of a success.</summary>
    static readonly TimeSpan ServeLimit = TimeSpan.FromSeconds(60);

    readonly CancellationTokenSource _over = new(), _calm = new();
    readonly CancellationToken _stop;
    readonly IReadOnlyList<DoubtClient> _clients;
    readonly Task _running, _cancelling;

    /// <param name="site">Where they are.</param>
    /// <param name="clients">Who writes.</param>
    /// <param name="cancelSeed">Each is cancelled again and again, at moments that follow from it; null: nobody
    /// is.</param>
    /// <param name="stop">Ends all of it.</param>
    public DoubtLoad(DoubtSite site, IReadOnlyList<DoubtClient> clients, int? cancelSeed, CancellationToken stop)
    {
        (_clients, _stop) = (clients, stop);
        _running = Task.WhenAll(clients.Select(client => client.RunAsync(_over.Token, stop)));
        _cancelling = cancelSeed is not { } seed ? Task.CompletedTask : Task.WhenAll(
            clients.Select((client, at) => CancelAsync(site, client, new Random(seed + at))));
    }

    /// <summary>Until each has been told that something is committed that it began after that moment.</summary>
    /// <exception cref="LabException">That took too long.</exception>
    public async Task UntilWritingAsync(double sinceMs, CancellationToken stop)
    {
        if (!await Wait.ForAsync(
            () => _running.IsCompleted || _clients.All(client => client.LastBeganMs > sinceMs), ServeLimit, stop))
            throw new LabException($"a client was told of no success for {ServeLimit.TotalSeconds} s");
    }

    /// <summary>Whether any has, within a limit.</summary>
    public Task<bool> IsWritingAsync(double sinceMs, TimeSpan limit, CancellationToken stop) =>
        Wait.ForAsync(() => _clients.Any(client => client.LastBeganMs > sinceMs), limit, stop);

    public async Task EndCancelsAsync()
    {
        await _calm.CancelAsync();
        await _cancelling;
    }

    /// <summary>What they were told, all of it.</summary>
    public async Task<IReadOnlyList<Promise>> EndAsync()
    {
        await EndCancelsAsync();
        await _over.CancelAsync();
        await _running;
        return [.. _clients.SelectMany(client => client.Promises)];
    }

    async Task CancelAsync(DoubtSite site, DoubtClient client, Random random)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_calm.Token, _stop);
        try
        {
            while (true)
            {
                var pause = TimeSpan.FromMilliseconds(random.Next(CancelPauseLeastMs, CancelPauseMostMs));
                await Task.Delay(pause, TimeProvider.System, end.Token);
                if (client.CancelRequest is { IsEmpty: false } request)
                    await site.CancelAsync(request, end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough of it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _calm.CancelAsync();
        await _over.CancelAsync();
        await Task.WhenAll(_running, _cancelling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
        _calm.Dispose();
    }
}
