using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Sessions;

/// <summary>The proxy that shares servers among clients: its loops, and what they have in common.</summary>
internal sealed partial class PooledProxy : IDisposable
{
    readonly Switchboard _board;
    readonly Func<TimeSpan> _bootClock;
    readonly Lock _looking = new();
    readonly ConcurrentDictionary<CancelKey, (Worker Worker, ClientSession Session)> _clients = new();
    readonly List<(Port Port, Socket Socket)> _listeners = [];
    volatile RouteTable _routes = RouteTable.None;
    volatile RoutingView? _view;
    readonly AuthQuery[] _authQueries;
    volatile Access _access;
    volatile bool _isDraining;
    volatile ProxySettings _settings;
    int _connected, _cancelsSentOn;

    public PooledProxy(
        ProxySettings settings, PoolSettings pools, Access access, Switchboard board,
        Func<TimeSpan> bootClock, ILogger log)
    {
        (_settings, _access) = (settings, access);
        (_board, _bootClock, Log) = (board, bootClock, log);
        Stats = new StatsPeriods(this);
        Cancels = new CancelRouter(settings.Peers);
        var loops = pools.Loops > 0 ? pools.Loops : Math.Max(1, Environment.ProcessorCount / 2);
        Directory = new PoolDirectory(pools, loops, Orders.Of);
        Workers = [.. Enumerable.Range(0, loops).Select(number => new Worker(this, new EventLoop(number, log)))];
        _authQueries = [new AuthQuery(Workers[0], Port.Primary), new AuthQuery(Workers[0], Port.Replicas)];
    }

    public ProxySettings Settings => _settings;
    public PoolDirectory Directory { get; }
    public PoolSettings Pools => Directory.Settings;
    public LoginRamp Ramp { get; } = new();

    /// <summary>For whoever comes from now on.</summary>
    public Access Access { get => _access; set => _access = value; }
    public ILogger Log { get; }
    public IReadOnlyList<Worker> Workers { get; }
    public RouteTable Routes => _routes;

    /// <summary>Whose a key is.</summary>
    public CancelRouter Cancels { get; }

    public Nobody Nobody { get; } = new();

    /// <summary>For clients that read what they have written.</summary>
    public WrittenPositions Written { get; } = new();

    /// <summary>Looks up users that are not in the list.</summary>
    public AuthQuery AuthQueryOf(Port port) => _authQueries[port == Port.Primary ? 0 : 1];

    /// <summary>A login with what is known of this user failed, here or at a server.</summary>
    public void Doubt(string user)
    {
        if (Access.AuthQuery is null)
            return;
        foreach (var query in _authQueries)
            query.Doubt(user);
    }

    /// <summary>Clients connected now.</summary>
    public int Clients => Volatile.Read(ref _connected);

    // ---- clients that come and go ----

    /// <summary>Takes clients of a port from a socket that listens and does not block; closes it in the end.</summary>
    public void Listen(Port port, Socket listener)
    {
        listener.Blocking = false;
        var handle = (int)listener.SafeHandle.DangerousGetHandle();
        // Whoever is accepted has them from it (tcp(7)): six calls fewer for each client.
        Sockets.ForSession(handle, ProxyLimits.ClientUnackedMs);
        // Clients speak first: they are woken for once.
        Sockets.DeferAccept(handle);
        _listeners.Add((port, listener));
    }

    /// <summary>From here on clients are served.</summary>
    public void Start()
    {
        _ = LookAtRoutes();
        foreach (var worker in Workers)
        {
            worker.Loop.Start();
            worker.Loop.Post(() =>
            {
                foreach (var (port, listener) in _listeners)
                {
                    worker.Acceptors.Add(new Acceptor(
                        worker.Loop, listener, (socket, from) => Accept(worker, port, socket, from),
                        failed => Log.AcceptFailed(port, ProxyLimits.AcceptPause.TotalMilliseconds, failed)));
                }
            });
        }
    }

    void Accept(Worker worker, Port port, int socket, IPEndPoint from)
    {
        var count = Interlocked.Increment(ref _connected);
        Metrics?.Accepted(port);
        if (count > Settings.ClientsMax + ProxyLimits.RefusalsMax)
        {
            Sockets.LingerNot(socket);
            Libc.Close(socket);
            Ended(port, from, CloseReason.TooManyClients);
            return;
        }
        var isFull = count > Settings.ClientsMax && !MakesRoom(worker);
        _ = new ClientLogin(worker, port, socket, from).RunAsync(
            _isDraining ? new(CloseReason.Draining, SqlState.AdminShutdown, "the proxy is shutting down")
            : isFull ? new(CloseReason.TooManyClients, SqlState.TooManyConnections,
                $"sorry, too many clients already: this proxy takes {Settings.ClientsMax}")
            : null);
    }

    // Who has said nothing for a while gives way to whoever comes: half-open connections keep nobody out.
    bool MakesRoom(Worker worker)
    {
        if (worker.Startups.MissFirst(ProxyLimits.StartupGrace))
            return true;
        // This one is turned away, and its next try may find room there.
        Others(worker, other => other.Startups.MissFirst(ProxyLimits.StartupGrace));
        return false;
    }

    public void Ended(Port port, IPEndPoint from, CloseReason reason)
    {
        Interlocked.Decrement(ref _connected);
        Metrics?.Closed(port, reason);
        Log.Closed(port, from, reason);
    }

    /// <summary>What was reloaded holds from here on, but for the number of loops.</summary>
    public void Change(PoolSettings pools) => Directory.Change(pools);

    // Pools that nobody has needed for a while are forgotten, so that ever new settings of clients don't fill the
    // proxy.
    void Sweep()
    {
        if (Directory.Sweep() is not { Count: > 0 } gone)
            return;
        foreach (var worker in Workers)
        {
            worker.Loop.Post(() =>
            {
                foreach (var shared in gone)
                    worker.Forget(shared);
            });
        }
    }

    /// <summary>On each of the other loops.</summary>
    public void Others(Worker worker, Action<Worker> work)
    {
        foreach (var other in Workers)
        {
            if (other != worker)
                other.Loop.Post(() => work(other));
        }
    }

    // ---- cancel requests ----

    public CancelKey NewKey()
    {
        var key = Cancels.NewKey();
        while (_clients.ContainsKey(key))
            key = Cancels.NewKey();
        return key;
    }

    public void Remember(CancelKey key, Worker worker, ClientSession session) => _clients[key] = (worker, session);

    public void Forget(CancelKey key) => _clients.TryRemove(key, out _);

    /// <summary>Completes once PostgreSQL has sent its signal: drivers wait for the end of their request's
    /// connection, so that it does not hit the next statement (libpq, PQcancel). Bounded as
    /// <see cref="CancelRequest"/> is.</summary>
    /// <param name="loop">The one that we are on.</param>
    /// <param name="packet">The whole CancelRequest.</param>
    public Task CancelAsync(EventLoop loop, byte[] packet)
    {
        var (key, isMarked) = CancelRouter.Read(packet);
        if (_clients.TryGetValue(key, out var found))
        {
            var over = new TaskCompletionSource();
            found.Worker.Loop.Post(() => found.Session.Cancel(() => loop.Post(over.SetResult)));
            return over.Task;
        }
        var owners = Cancels.OwnersOf(key, isMarked);
        return owners.IsEmpty ? Task.CompletedTask : SendOnAsync(loop, owners, CancelRouter.Marked(packet));
    }

    async Task SendOnAsync(EventLoop loop, ImmutableArray<ProxyPeer> owners, byte[] packet)
    {
        if (Interlocked.Increment(ref _cancelsSentOn) <= ProxyLimits.CancelsSentOnMax)
        {
            await Task.WhenAll(owners.Select(owner =>
            {
                var sent = new TaskCompletionSource();
                CancelRequest.Send(
                    loop, new Server(owner.Name, owner.Host, owner.Port, ServerRole.Primary, Term.None),
                    ServerTls.Disabled, packet, sent.SetResult);
                return sent.Task;
            }));
        }
        Interlocked.Decrement(ref _cancelsSentOn);
    }

    // ---- servers ----

    /// <summary>All that is known now.</summary>
    public RoutingView Look() => _board.Look();

    /// <summary>Which server the next login goes to; null: none may serve.</summary>
    /// <param name="port">Of the clients.</param>
    /// <param name="taken">How many connections the asker has to each; null: none.</param>
    public Server? Pick(Port port, Func<Server, int>? taken = null) => _board.Pick(port, out _, taken);

    public bool IsPassedOver(Server server) => _board.IsPassedOver(server);

    public void PassOver(Server server) => _board.PassOverForNow(server);

    /// <summary>The view is another.</summary>
    public void OnChanged()
    {
        _ = LookAtRoutes();
        // By the newest view when its turn comes: one that is out of date by then would cut what may serve again.
        foreach (var worker in Workers)
            worker.Loop.Post(() => worker.OnRoutes(_view!));
    }

    // One at a time: an older look must not replace a newer one.
    RoutingView LookAtRoutes()
    {
        lock (_looking)
        {
            var view = _board.Look();
            (_view, _routes) = (view, RouteTable.Of(view, _bootClock()));
            return view;
        }
    }

    // ---- the end ----

    /// <summary>Until <paramref name="stop"/>; then clients at rest are told, and others have time to end.</summary>
    /// <returns>How many were cut off.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var look = new PeriodicTimer(ProxyLimits.RoutesEvery);
        var sweepAt = _bootClock() + ProxyLimits.SweepEvery;
        try
        {
            while (await look.WaitForNextTickAsync(stop))
            {
                // Time alone makes a replica's term too old.
                if (LookAtRoutes().Book.HasCuts)
                    OnChanged();
                Stats.OnTime(_bootClock());
                if (_bootClock() < sweepAt)
                    continue;
                sweepAt = _bootClock() + ProxyLimits.SweepEvery;
                Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
        _isDraining = true;
        Log.Draining(Clients, Settings.DrainLimit.TotalSeconds);
        var began = _bootClock();
        while (Clients > 0 && _bootClock() - began < Settings.DrainLimit)
        {
            _ = LookAtRoutes();
            await OnAllAsync(worker => worker.EndThoseAtRest());
            await Task.Delay(ProxyLimits.DrainLook, CancellationToken.None);
        }
        var late = Clients;
        await OnAllAsync(worker => worker.End());
        return late;
    }

    Task OnAllAsync(Action<Worker> work) => Task.WhenAll(Workers.Select(worker =>
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        worker.Loop.Post(() =>
        {
            work(worker);
            done.SetResult();
        });
        return done.Task;
    }));

    public void Dispose()
    {
        foreach (var worker in Workers)
            worker.Loop.Dispose();
        foreach (var (_, socket) in _listeners)
            socket.Dispose();
    }
}
