using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy.Pooling;

/// <summary>All pools by their keys, and what bounds several of them together. Safe from any thread.</summary>
/// <param name="settings">Of all pools.</param>
/// <param name="loops">That share them.</param>
/// <param name="ordersOf">An operator's, of a database.</param>
internal sealed class PoolDirectory(PoolSettings settings, int loops, Func<string, DatabaseOrders> ordersOf)
{
    readonly Lock _gate = new();
    readonly Dictionary<PoolKey, SharedPool> _pools = [];
    readonly Dictionary<string, Tally> _databases = new(StringComparer.Ordinal);
    readonly Dictionary<string, Tally> _users = new(StringComparer.Ordinal);
    volatile PoolSettings _settings = settings;

    public PoolSettings Settings => _settings;

    public IReadOnlyList<SharedPool> All
    {
        get
        {
            lock (_gate)
                return [.. _pools.Values];
        }
    }

    /// <summary>The pool of a client that comes in; it stays at least until <see cref="Leave"/>. Null: there are too
    /// many kinds of clients already.</summary>
    public SharedPool? Enter(PoolKey key)
    {
        lock (_gate)
        {
            if (!_pools.TryGetValue(key, out var pool))
            {
                if (_pools.Count >= ProxyLimits.PoolsMax)
                    return null;
                pool = new SharedPool(key, _settings.For(key.Database, key.User), loops,
                    TallyOf(_databases, key.Database, "database"), TallyOf(_users, key.User, "user"))
                {
                    Orders = ordersOf(key.Database),
                };
                _pools.Add(key, pool);
            }
            pool.Visitors++;
            return pool;
        }
    }

    public void Leave(SharedPool pool)
    {
        lock (_gate)
            pool.Visitors--;
    }

    /// <summary>What was reloaded holds from here on, also for pools that are there.</summary>
    public void Change(PoolSettings settings)
    {
        lock (_gate)
        {
            _settings = settings;
            foreach (var pool in _pools.Values)
                pool.Change(settings.For(pool.Key.Database, pool.Key.User));
        }
    }

    /// <summary>Forgets those that have had neither client nor server since the last sweep.</summary>
    /// <returns>The forgotten ones: the loops have to forget them, too.</returns>
    public IReadOnlyList<SharedPool> Sweep()
    {
        lock (_gate)
        {
            List<SharedPool> empty = [.. _pools.Values.Where(pool => pool.IsEmpty)];
            var gone = empty.FindAll(pool => pool.WasEmpty);
            foreach (var pool in _pools.Values)
                pool.WasEmpty = pool.IsEmpty;
            foreach (var pool in gone)
            {
                _pools.Remove(pool.Key);
                Drop(_databases, pool.Key.Database);
                Drop(_users, pool.Key.User);
            }
            return gone;
        }
    }

    static Tally TallyOf(Dictionary<string, Tally> tallies, string name, string kind)
    {
        if (!tallies.TryGetValue(name, out var tally))
            tallies.Add(name, tally = new Tally($"{kind} \"{name}\""));
        tally.Pools++;
        return tally;
    }

    static void Drop(Dictionary<string, Tally> tallies, string name)
    {
        if (--tallies[name].Pools == 0)
            tallies.Remove(name);
    }
}
