using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What a loop has counted. Written by its thread alone; others read.</summary>
internal sealed class WorkerCounts
{
    public long Accepted, Clients, Waited, Pinned, Cut, ServerLogins;
}

/// <summary>One event loop with its pools and its clients. On the loop's thread only.</summary>
internal sealed partial class Worker
{
    readonly Dictionary<SharedPool, Pool> _pools = [];
    readonly Deadlines _farewells;
    readonly List<ClientSession> _silent = [];
    TimeSpan _silenceLookAt;

    public Worker(PooledProxy plane, EventLoop loop)
    {
        (Plane, Loop) = (plane, loop);
        _farewells = new Deadlines(loop, ProxyLimits.Farewell);
        Startups = new Deadlines(loop, plane.Settings.ClientLoginTimeout);
        ServerLogins = new Deadlines(loop, ProxyLimits.ServerLogin);
        loop.Tick += EndSilent;
    }

    public PooledProxy Plane { get; }
    public EventLoop Loop { get; }
    public ParameterSets Parameters { get; } = new();
    public KnownStartups KnownStartups { get; } = new();
    public StatementCatalog Statements { get; } = new();
    public WorkerCounts Counts { get; } = new();
    public Deadlines Startups { get; }
    public Deadlines ServerLogins { get; }
    public HashSet<ClientSession> Clients { get; } = [];

    /// <summary>Who may serve now.</summary>
    public RouteTable Routes => Plane.Routes;

    public Pool PoolFor(SharedPool shared)
    {
        if (!_pools.TryGetValue(shared, out var pool))
            _pools.Add(shared, pool = new Pool(this, shared));
        return pool;
    }

    public void Forget(SharedPool shared)
    {
        if (_pools.Remove(shared, out var pool))
            pool.CloseServers();
    }

    /// <summary>For a pool that finds no place within what its database, or its user, may have: closes the server
    /// that nobody has needed for longest. False: there is none to spare.</summary>
    public bool GiveUpOne(Pool asker)
    {
        Pool? spare = null;
        foreach (var pool in _pools.Values)
        {
            if (pool != asker && pool.SpareSince(asker.Shared) is var since && since < TimeSpan.MaxValue
                && (spare is null || since < spare.SpareSince(asker.Shared)))
                spare = pool;
        }
        spare?.GiveUpOne();
        return spare is not null;
    }

    void EndSilent()
    {
        if (Loop.Now < _silenceLookAt)
            return;
        _silenceLookAt = Loop.Now + ProxyLimits.SilenceLook;
        if (!Plane.Pools.EndsSilentClients)
            return;
        foreach (var client in Clients)
        {
            if (client.IsSilentTooLong)
                _silent.Add(client);
        }
        foreach (var client in _silent)
            client.Refuse(CloseReason.IdleTimeout, SqlState.IdleSessionTimeout,
                "terminating connection due to idle-session timeout (client_idle_timeout)");
        _silent.Clear();
    }

    public void Bid(Connection connection) => Farewell.Bid(connection, _farewells);

    /// <summary>The routes are others.</summary>
    public void OnRoutes(RoutingView view)
    {
        foreach (var pool in _pools.Values)
            pool.Cut(view);
    }

    /// <summary>The proxy is to stop: whoever has nothing open is told, and goes.</summary>
    public void EndThoseAtRest()
    {
        foreach (var pool in _pools.Values)
            pool.TurnNewcomersAway();
        EndConsoles(all: false);
        foreach (var client in Clients.ToArray())
        {
            if (client.Server is null or { IsAtRest: true })
                client.Refuse(CloseReason.Draining, SqlState.AdminShutdown, "the proxy is shutting down");
        }
    }

    /// <summary>Cuts all off.</summary>
    public void End()
    {
        EndConsoles(all: true);
        foreach (var client in Clients.ToArray())
        {
            client.Connection.Reset();
            client.Close(CloseReason.Draining);
        }
        foreach (var pool in _pools.Values)
            pool.CloseServers();
    }
}
