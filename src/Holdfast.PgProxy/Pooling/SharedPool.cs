using System.Text;
using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy.Pooling;

/// <summary>What a server is told when a session has ended.</summary>
/// <param name="Message">The whole of it.</param>
/// <param name="Traits">Of its text.</param>
internal sealed record ResetQuery(byte[] Message, TextTraits Traits)
{
    /// <returns>Null: nothing.</returns>
    public static ResetQuery? Of(string sql) => sql.Length == 0
        ? null
        : new ResetQuery(Messages.Query(sql), QueryText.Read(Encoding.UTF8.GetBytes(sql)));
}

/// <summary>
/// What the loops have in common of one pool. Each has its share of the servers; together they are the pool's size.
/// Safe from any thread.
/// </summary>
internal sealed class SharedPool
{
    readonly Lock _sharing = new();
    readonly int[] _shares;
    readonly int[] _clients;
    readonly PoolCounts[] _counts;
    volatile PoolSettings _settings;
    volatile ResetQuery? _reset;
    volatile Welcome? _welcome;
    volatile ServerKeys _keys = ServerKeys.None;
    int _reserve, _servers;

    /// <param name="key">Whose servers they are.</param>
    /// <param name="settings">Of this pool, as <see cref="PoolSettings.For"/> gives them.</param>
    /// <param name="loops">That share it.</param>
    /// <param name="database">Of all pools of its database.</param>
    /// <param name="user">Of all pools of its user.</param>
    public SharedPool(PoolKey key, PoolSettings settings, int loops, Tally database, Tally user)
    {
        (Key, _settings, _reset, Database, User) = (key, settings, ResetQuery.Of(settings.ResetQuery), database, user);
        _clients = new int[loops];
        _shares = new int[loops];
        _counts = [.. Enumerable.Range(0, loops).Select(_ => new PoolCounts())];
        for (var loop = 0; loop < loops; loop++)
            _shares[loop] = PartOf(settings.Size, loop);
    }

    public PoolKey Key { get; }
    public Tally Database { get; }
    public Tally User { get; }
    public PoolSettings Settings => _settings;

    /// <summary>Those of its database.</summary>
    public DatabaseOrders Orders { get; init; } = new();
    public ResetQuery? Reset => _reset;

    /// <summary>What the first server of it said of itself; null before.</summary>
    public Welcome? Welcome { get => _welcome; set => _welcome = value; }

    /// <summary>What its servers are logged in to with: the newest that a client has shown.</summary>
    public ServerKeys Keys { get => _keys; set => _keys = value; }

    /// <summary>One for each loop, which alone writes it.</summary>
    public IReadOnlyList<PoolCounts> Counts => _counts;

    /// <summary>From here on these hold. Another size is one of the shares: the loops meet it as servers become
    /// free.</summary>
    public void Change(PoolSettings settings)
    {
        lock (_sharing)
        {
            for (var more = settings.Size - _shares.Sum(); more != 0; more -= Math.Sign(more))
                _shares[more > 0 ? Smallest() : Largest()] += Math.Sign(more);
            (_settings, _reset) = (settings, ResetQuery.Of(settings.ResetQuery));
        }
    }

    // ---- the directory's, under its lock ----

    /// <summary>Clients that have it, or are about to.</summary>
    public int Visitors { get; set; }

    public bool IsEmpty => Visitors == 0 && Servers == 0;

    /// <summary>At the sweep before.</summary>
    public bool WasEmpty { get; set; }

    // ---- shares ----

    public int ShareOf(int loop) => Volatile.Read(ref _shares[loop]);

    /// <summary>Servers that a loop keeps logged in: the minimum is spread over those that have clients.</summary>
    public int LeastOf(int loop)
    {
        if (Settings is not { MinSize: > 0 } settings || ClientsOf(loop) == 0)
            return 0;
        var (loops, before) = (0, 0);
        for (var other = 0; other < _clients.Length; other++)
        {
            if (ClientsOf(other) == 0)
                continue;
            loops++;
            before += other < loop ? 1 : 0;
        }
        var least = Math.Min(settings.MinSize, settings.Size);
        return loops == 0 ? 0 : (least / loops) + (before < least % loops ? 1 : 0);
    }

    int PartOf(int size, int loop) => (size / _shares.Length) + (loop < size % _shares.Length ? 1 : 0);
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

    /// <summary>One server beyond the shares, if the reserve has any left.</summary>
    public bool TryTakeReserve()
    {
        lock (_sharing)
        {
            if (_reserve >= _settings.ReserveSize)
                return false;
            _reserve++;
            return true;
        }
    }

    public void ReturnReserve()
    {
        lock (_sharing)
            _reserve--;
    }

    // ---- servers, those included that are being logged in to ----

    public int Servers => Volatile.Read(ref _servers);

    /// <summary>Null: one more is counted, until <see cref="RemoveServer"/>. Else what there are enough of; the pool
    /// stands in line then.</summary>
    public string? WhyNoServer(Pool pool)
    {
        var settings = Settings;
        if (!Database.TryAddServer(pool, settings.DatabaseServersMax))
            return $"all {settings.DatabaseServersMax} servers of {Database.What} (max_db_connections)";
        if (!User.TryAddServer(pool, settings.UserServersMax))
        {
            Database.RemoveServer();
            return $"all {settings.UserServersMax} servers of {User.What} (max_user_connections)";
        }
        Interlocked.Increment(ref _servers);
        return null;
    }

    public void RemoveServer()
    {
        Interlocked.Decrement(ref _servers);
        Database.RemoveServer();
        User.RemoveServer();
    }

    /// <summary>Needs no server now.</summary>
    public void LeaveLine(Pool pool)
    {
        Database.LeaveLine(pool);
        User.LeaveLine(pool);
    }

    /// <summary>Another pool of the database, or of the user, has waited too long for one of our servers.</summary>
    public bool OwesAnother(Pool pool, TimeSpan now) => Database.OwesTo(pool, now) || User.OwesTo(pool, now);

    // ---- clients ----

    public int ClientsOf(int loop) => Volatile.Read(ref _clients[loop]);

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

    /// <summary>Null: one more is counted, until <see cref="ClientWent"/>. Else why there is no place for it.</summary>
    public string? WhyNoClient(int loop)
    {
        var settings = Settings;
        if (!Database.TryAddClient(settings.DatabaseClientsMax))
            return Full(Database, settings.DatabaseClientsMax, "max_db_client_connections");
        if (!User.TryAddClient(settings.UserClientsMax))
        {
            Database.RemoveClient();
            return Full(User, settings.UserClientsMax, "max_user_client_connections");
        }
        Interlocked.Increment(ref _clients[loop]);
        return null;
    }

    static string Full(Tally tally, int max, string limit) =>
        $"sorry, too many clients already: {tally.What} may have {max} at this proxy ({limit})";

    public void ClientWent(int loop)
    {
        Interlocked.Decrement(ref _clients[loop]);
        Database.RemoveClient();
        User.RemoveClient();
    }
}
