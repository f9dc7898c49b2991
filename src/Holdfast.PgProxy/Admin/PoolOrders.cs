using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Admin;

/// <summary>What operators have ordered of the databases. Safe from any thread.</summary>
internal sealed class PoolOrders
{
    readonly Lock _gate = new();
    readonly Dictionary<string, DatabaseOrders> _databases = new(StringComparer.Ordinal);
    bool _isPaused;

    /// <summary>All are paused, new ones too.</summary>
    public bool IsPaused
    {
        get
        {
            lock (_gate)
                return _isPaused;
        }
    }

    /// <summary>Those of a database that a client has asked for; made on the first call.</summary>
    public DatabaseOrders Of(string database)
    {
        lock (_gate)
        {
            if (!_databases.TryGetValue(database, out var orders))
                _databases.Add(database, orders = new DatabaseOrders { IsPaused = _isPaused });
            return orders;
        }
    }

    public IReadOnlyList<string> Databases
    {
        get
        {
            lock (_gate)
                return [.. _databases.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Null: no client has ever asked for it.</summary>
    public DatabaseOrders? Find(string database)
    {
        lock (_gate)
            return _databases.GetValueOrDefault(database);
    }

    /// <param name="database">Null: all, and those to come.</param>
    /// <param name="isPaused">As it shall be.</param>
    /// <returns>False: nothing was to be changed.</returns>
    public bool Pause(string? database, bool isPaused)
    {
        lock (_gate)
        {
            var changed = database is null && _isPaused != isPaused;
            if (database is null)
                _isPaused = isPaused;
            foreach (var (name, orders) in _databases)
            {
                if ((database is not null && !string.Equals(name, database, StringComparison.Ordinal))
                    || orders.IsPaused == isPaused)
                    continue;
                orders.IsPaused = isPaused;
                changed = true;
            }
            return changed;
        }
    }

    /// <summary>Servers that were logged in to before <paramref name="before"/> are to be closed.</summary>
    public void Reconnect(string? database, TimeSpan before)
    {
        lock (_gate)
        {
            foreach (var (name, orders) in _databases)
            {
                if (database is null || string.Equals(name, database, StringComparison.Ordinal))
                    orders.OldBefore = before;
            }
        }
    }
}
