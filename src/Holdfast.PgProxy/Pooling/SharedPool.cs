using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// What the loops have in common of one pool. Each has its share of the servers; together they are the pool's size.
/// Safe from any thread.
/// </summary>
internal sealed class SharedPool
{
    readonly int[] _shares;
    readonly int[] _clients;
    volatile Welcome? _welcome;
    volatile ServerKeys _keys = ServerKeys.None;

    public SharedPool(PoolKey key, int size, int loops)
    {
        Key = key;
        _clients = new int[loops];
        _shares = new int[loops];
        for (var loop = 0; loop < loops; loop++)
            _shares[loop] = (size / loops) + (loop < size % loops ? 1 : 0);
    }

    public PoolKey Key { get; }

    /// <summary>What the first server of it said of itself; null before.</summary>
    public Welcome? Welcome { get => _welcome; set => _welcome = value; }

    /// <summary>What its servers are logged in to with: the newest that a client has shown.</summary>
    public ServerKeys Keys { get => _keys; set => _keys = value; }

    public int ClientsOf(int loop) => Volatile.Read(ref _clients[loop]);

    public int ShareOf(int loop) => Volatile.Read(ref _shares[loop]);

    /// <summary>Lets another loop have one server more, and this one less.</summary>
    public void MoveShare(int from, int to)
    {
        Interlocked.Decrement(ref _shares[from]);
        Interlocked.Increment(ref _shares[to]);
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
