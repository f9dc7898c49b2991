using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// What the loops have in common of one pool. Each has its share of the servers; together they are the pool's size.
/// Safe from any thread.
/// </summary>
internal sealed class SharedPool
{
    readonly Lock _sharing = new();
    readonly int[] _shares;
    readonly int[] _clients;
    volatile PoolSettings _settings;
    readonly PoolCounts[] _counts;
    volatile Welcome? _welcome;
    volatile ServerKeys _keys = ServerKeys.None;

    /// <param name="key">Whose servers they are.</param>
    /// <param name="settings">Of this pool, as <see cref="PoolSettings.For"/> gives them.</param>
    /// <param name="loops">That share it.</param>
    public SharedPool(PoolKey key, PoolSettings settings, int loops)
    {
        (Key, _settings) = (key, settings);
        _clients = new int[loops];
        _shares = new int[loops];
        _counts = [.. Enumerable.Range(0, loops).Select(_ => new PoolCounts())];
        for (var loop = 0; loop < loops; loop++)
            _shares[loop] = PartOf(settings.Size, loop);
    }

    public PoolKey Key { get; }

    public PoolSettings Settings => _settings;

    /// <summary>Those of its database.</summary>
    public DatabaseOrders Orders { get; init; } = new();

    /// <summary>What the first server of it said of itself; null before.</summary>
    public Welcome? Welcome { get => _welcome; set => _welcome = value; }

    /// <summary>What its servers are logged in to with: the newest that a client has shown.</summary>
    public ServerKeys Keys { get => _keys; set => _keys = value; }

    /// <summary>One for each loop, which alone writes it.</summary>
    public IReadOnlyList<PoolCounts> Counts => _counts;

    public int ClientsOf(int loop) => Volatile.Read(ref _clients[loop]);

    public int ShareOf(int loop) => Volatile.Read(ref _shares[loop]);

    int PartOf(int size, int loop) => (size / _shares.Length) + (loop < size % _shares.Length ? 1 : 0);

    /// <summary>From here on these hold. Another size is one of the shares: the loops meet it as servers become
    /// free.</summary>
    public void Change(PoolSettings settings)
    {
        lock (_sharing)
        {
            for (var more = settings.Size - _shares.Sum(); more != 0; more -= Math.Sign(more))
                _shares[more > 0 ? Smallest() : Largest()] += Math.Sign(more);
            _settings = settings;
        }
    }

    int Smallest() => Array.IndexOf(_shares, _shares.Min());
    int Largest() => Array.IndexOf(_shares, _shares.Max());

    /// <summary>Lets another loop have one server more, and this one less. False: this one has only
    /// <paramref name="least"/>.</summary>
    public bool TryMoveShare(int from, int to, int least)
    {
        lock (_sharing)
        {
            if (_shares[from] <= least)
                return false;
            _shares[from]--;
            _shares[to]++;
            return true;
        }
    }

    /// <summary>The loop with the fewest clients for its servers: the next client's.</summary>
    public int LoopForClient()
    {
        var best = -1;
        for (var loop = 0; loop < _shares.Length; loop++)
        {
            if (ShareOf(loop) > 0 && (best < 0
                || (long)ClientsOf(loop) * ShareOf(best)
                    < (long)ClientsOf(best) * ShareOf(loop)))
                best = loop;
        }
        return Math.Max(best, 0);
    }

    public void ClientCame(int loop) => Interlocked.Increment(ref _clients[loop]);

    public void ClientWent(int loop) => Interlocked.Decrement(ref _clients[loop]);
}
