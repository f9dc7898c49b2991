namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// Servers and clients of one database, or of one user, over all their pools. Pools that find no place for a server
/// stand in line: the next one is theirs. Safe from any thread.
/// </summary>
internal sealed class Tally(string what)
{
    readonly Lock _counting = new();
    readonly LinkedList<(Pool Pool, TimeSpan Since)> _line = new();
    int _servers, _clients;
    volatile bool _hasLine;

    /// <summary>For messages: database "app".</summary>
    public string What { get; } = what;

    /// <summary>Pools that have it.</summary>
    public int Pools { get; set; }

    public int Servers => Volatile.Read(ref _servers);
    public int Clients => Volatile.Read(ref _clients);

    /// <param name="pool">Stands in line if there is no place.</param>
    /// <param name="max">0: any number.</param>
    public bool TryAddServer(Pool pool, int max)
    {
        lock (_counting)
        {
            if (max > 0 && (_servers >= max || (_line.First is { } first && first.Value.Pool != pool)))
            {
                if (!StandsInLine(pool))
                    _line.AddLast((pool, pool.Worker.Loop.Now));
                _hasLine = true;
                return false;
            }
            Leave(pool);
            _servers++;
            return true;
        }
    }

    public void RemoveServer()
    {
        lock (_counting)
            _servers--;
        WakeFirst();
    }

    /// <summary>It needs none any more.</summary>
    public void LeaveLine(Pool pool)
    {
        if (!_hasLine)
            return;
        lock (_counting)
            Leave(pool);
        WakeFirst();
    }

    /// <summary>Another pool has waited for a place for so long that a busy one has to give it one.</summary>
    public bool OwesTo(Pool other, TimeSpan now)
    {
        if (!_hasLine)
            return false;
        lock (_counting)
            return _line.First is { } first && first.Value.Pool != other
                && now - first.Value.Since > ProxyLimits.StarvedAfter;
    }

    public bool TryAddClient(int max)
    {
        if (Interlocked.Increment(ref _clients) <= max || max == 0)
            return true;
        RemoveClient();
        return false;
    }

    public void RemoveClient() => Interlocked.Decrement(ref _clients);

    void WakeFirst()
    {
        if (!_hasLine)
            return;
        Pool? first;
        lock (_counting)
            first = _line.First?.Value.Pool;
        first?.Worker.Loop.Post(first.Nudge);
    }

    bool StandsInLine(Pool pool)
    {
        foreach (var place in _line)
        {
            if (place.Pool == pool)
                return true;
        }
        return false;
    }

    void Leave(Pool pool)
    {
        for (var place = _line.First; place is not null; place = place.Next)
        {
            if (place.Value.Pool != pool)
                continue;
            _line.Remove(place);
            break;
        }
        _hasLine = _line.Count > 0;
    }
}
