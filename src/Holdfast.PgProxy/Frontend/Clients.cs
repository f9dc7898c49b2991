namespace Holdfast.PgProxy.Frontend;

/// <summary>Everybody who is connected now, so that they can be counted and waited for. Safe from any thread.</summary>
internal sealed class Clients
{
    readonly Lock _gate = new();
    readonly HashSet<Client> _clients = [];
    readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _refused;
    bool _closing;

    public int Count
    {
        get
        {
            lock (_gate)
                return _clients.Count;
        }
    }

    /// <summary>Clients that are there only to be refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    public void Add(Client client)
    {
        lock (_gate)
            _clients.Add(client);
        if (client.IsRefused)
            Interlocked.Increment(ref _refused);
    }

    public void Remove(Client client)
    {
        if (client.IsRefused)
            Interlocked.Decrement(ref _refused);
        lock (_gate)
        {
            _clients.Remove(client);
            if (_closing && _clients.Count == 0)
                _empty.TrySetResult();
        }
    }

    /// <summary>Waits until all have ended; those that have not by then are cut off. The number of these.</summary>
    public async Task<int> DrainAsync(TimeSpan limit)
    {
        lock (_gate)
        {
            _closing = true;
            if (_clients.Count == 0)
                return 0;
        }
        await Task.WhenAny(_empty.Task, Task.Delay(limit));
        Client[] late;
        lock (_gate)
            late = [.. _clients];
        foreach (var client in late)
            client.Abort(CloseReason.Draining);
        if (late.Length > 0)
            await Task.WhenAny(_empty.Task, Task.Delay(ProxyLimits.Farewell));
        return late.Length;
    }
}
