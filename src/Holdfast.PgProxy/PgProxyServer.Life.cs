using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy;

/// <summary>From the first client to the last one.</summary>
public sealed partial class PgProxyServer
{
    volatile bool _hasHandedOver;

    /// <summary>The next process accepts, and this one no more.</summary>
    internal bool HasHandedOver => _hasHandedOver;

    /// <summary>Serves until <paramref name="stop"/>, an operator's SHUTDOWN, or the next process; then lets the
    /// sessions end, within the drain limit.</summary>
    /// <exception cref="IOException">It was to take over and does not see the store, or the former process is
    /// gone.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        OnChanged(_board.Look());
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var accepting = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        if (_former is not null)
            await SeeAsync(ending.Token);
        if (_pooled is not null)
        {
            _pooled.RequestStop = ending.Cancel;
            _pooled.Start();
        }
        var serving = _pooled?.RunAsync(ending.Token) ?? PassThroughAsync(accepting.Token, ending.Token);
        var reloading = ReloadWhenAskedAsync(ending.Token);
        var metrics = _metricsListener?.RunAsync(accepting.Token) ?? Task.CompletedTask;
        try
        {
            if (_former is not null)
                await _former.ConfirmAsync(ending.Token);
            await HandOverAsync(accepting, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            // If it failed, nothing else would end the rest.
            await ending.CancelAsync();
            _log.Stopped(await serving);
            await Task.WhenAll(metrics, reloading);
        }
    }

    async Task<int> PassThroughAsync(CancellationToken accepting, CancellationToken stop)
    {
        await Task.WhenAll(_listeners.Select(listener => listener.RunAsync(accepting, stop)));
        foreach (var listener in _listeners)
            listener.Dispose();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, stop));
        _log.Draining(_clients.Count, _settings.DrainLimit.TotalSeconds);
        return await _clients.DrainAsync(_settings.DrainLimit);
    }

    // Both processes accept meanwhile: whoever came here would be held for want of a view.
    async Task SeeAsync(CancellationToken stop)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var change = _board.NextChange;
            if (_board.Look() is { Cluster: not null, IsStale: false })
                return;
            var left = ProxyLimits.TakeOverView - TimeProvider.System.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                throw new IOException("the store does not answer: the former process goes on");
            await Task.WhenAny(change, Task.Delay(left, stop));
            stop.ThrowIfCancellationRequested();
        }
    }

    // ---- the next process ----

    // Until it has come and the last client has gone; or the order to stop.
    async Task HandOverAsync(CancellationTokenSource accepting, CancellationTokenSource ending)
    {
        using var door = OpenDoor();
        if (door is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, ending.Token);
            return;
        }
        if (!await door.RunAsync(() => StopAcceptingAsync(accepting), ending.Token))
            return;
        _log.HandedOver(Clients, _settings.HandoverTime.TotalSeconds);
        var began = TimeProvider.System.GetTimestamp();
        while (Clients > 0 && TimeProvider.System.GetElapsedTime(began) < _settings.HandoverTime)
            await Task.Delay(ProxyLimits.DrainLook, ending.Token);
    }

    HandoverDoor? OpenDoor()
    {
        if (_settings.HandoverPath is not { } path)
            return null;
        try
        {
            return new HandoverDoor(path, new ListeningSockets(
                _listeners[0].Socket, _listeners.ElementAtOrDefault(1)?.Socket, _metricsListener?.Socket), _log);
        }
        catch (IOException failed)
        {
            // It serves all the same; only the next process will have to come after it, and not beside it.
            _log.NoHandover(failed.Message);
            return null;
        }
    }

    async Task StopAcceptingAsync(CancellationTokenSource accepting)
    {
        await accepting.CancelAsync();
        if (_pooled is not null)
            await _pooled.FromAllAsync(worker => worker.StopAccepting());
        _hasHandedOver = true;
    }
}
