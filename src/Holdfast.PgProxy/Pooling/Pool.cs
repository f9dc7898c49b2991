using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// One loop's servers for the clients of one port, database and user, and the clients that wait for one, in their
/// order. On the loop's thread only.
/// </summary>
internal sealed partial class Pool
{
    /// <summary>Logins under way at once: after a failover servers fill up, and are not stormed.</summary>
    const int LoginsAtOnceMax = 4;

    readonly HashSet<ServerSession> _servers = [];
    readonly List<ServerSession> _idle = [];
    readonly LinkedList<(ClientSession Client, TimeSpan Since)> _waiting = new();
    readonly LinkedList<(TaskCompletionSource<LoginRefused?> Client, TimeSpan Since)> _newcomers = new();
    int _loginsUnderWay;
    TimeSpan _retryAt, _retryPause = ProxyLimits.RetryPause, _askedAt;
    string _lastTrouble = "";

    public Pool(Worker worker, SharedPool shared)
    {
        (Worker, Shared, Counts) = (worker, shared, shared.Counts[worker.Loop.Number]);
        worker.Loop.Tick += OnTick;
    }

    public Worker Worker { get; }
    public SharedPool Shared { get; }

    /// <summary>Into the COMMITs of its clients whose answer was lost.</summary>
    public CommitInquiry Inquiry => field ??= new CommitInquiry(Worker, Shared);
    public PoolSettings Settings => Shared.Settings;
    public PoolCounts Counts { get; }
    Port Port => Shared.Key.Port;
    int Share => Shared.ShareOf(Worker.Loop.Number);
    TimeSpan Now => Worker.Loop.Now;

    // ---- clients ----

    /// <summary>Whether a unit may be begun with it now.</summary>
    public bool MayServe(ServerSession server) => Worker.Routes.MayServe(Port, server.Server, Now);

    /// <summary>A server that may serve now, unless somebody else waits for one; null: wait.</summary>
    public ServerSession? Take() => _waiting.Count > 0 ? null : TakeIdle();

    // The one used last, whose memory is warm; of several servers that whose turn it is.
    ServerSession? TakeIdle()
    {
        _turns.IsShort |= _idle.Count == 0;
        if (IsPaused || _idle.Count == 0)
            return null;
        var at = Port == Port.Primary ? LastIdle() : IdleInTurn();
        if (at < 0)
            return null;
        var server = _idle[at];
        _idle.RemoveAt(at);
        return server;
    }

    int LastIdle()
    {
        var at = _idle.Count - 1;
        while (at >= 0 && !MayServe(_idle[at]))
            at--;
        return at;
    }

    public void Wait(ClientSession client)
    {
        client.Place = _waiting.AddLast((client, Now));
        Worker.Counts.Waited++;
        Nudge();
    }

    public void StopWaiting(ClientSession client)
    {
        if (client.Place is not { } place)
            return;
        Counts.Waits.Observe(Now - place.Value.Since);
        _waiting.Remove(place);
        client.Place = null;
    }

    /// <summary>Completes once a server of the pool has said what it is; else why none did.</summary>
    public Task<LoginRefused?> WelcomeAsync()
    {
        if (Shared.Welcome is not null)
            return Task.FromResult<LoginRefused?>(null);
        var newcomer = new TaskCompletionSource<LoginRefused?>();
        _newcomers.AddLast((newcomer, Now));
        Nudge();
        return newcomer.Task;
    }

    // ---- servers ----

    /// <summary>It is at rest, and nobody has it.</summary>
    public void IsFree(ServerSession server)
    {
        if (server.IsClosed)
            return;
        // Its last client may not have read all; the next one, or an end, must be heard.
        server.Connection.Resume();
        if (IsPaused || IsOld(server) || Now - server.Born > Settings.ServerLifetime || _servers.Count > Share
            || YieldsPlace(server))
        {
            server.Close();
            return;
        }
        if (_waiting.First is { } first && MayServe(server))
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Serve(server);
            return;
        }
        server.IdleSince = Now;
        _idle.Add(server);
    }

    public void Forget(ServerSession server)
    {
        if (!_servers.Remove(server))
            return;
        _idle.Remove(server);
        Nudge();
    }

    /// <summary>Another loop has given it to us.</summary>
    public void Adopt(ServerSession server)
    {
        _servers.Add(server);
        IsFree(server);
    }

    /// <summary>Ends the connections whose server has lost its role, in use or not.</summary>
    public void Cut(RoutingView view)
    {
        foreach (var server in _servers.ToArray())
        {
            if (Router.WhyCut(server.Server, view) is not { } why)
                continue;
            Worker.Counts.Cut++;
            Counts.Cut++;
            server.Lose(why);
        }
        ServeWaiting();
        Nudge();
    }

    void ServeWaiting()
    {
        while (_waiting.First is { } first && TakeIdle() is { } server)
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Serve(server);
        }
    }

    // Logs in to as many servers as are needed, as far as they are allowed.
    void Nudge()
    {
        var wanted = _waiting.Count + Math.Min(_newcomers.Count, 1);
        if (IsPaused || Worker.Routes.WhyNobody(Port, Now) is not null)
            return;
        // A login that fails at once, such as at a closed port, has moved the next try by the time it returns.
        while (wanted > _loginsUnderWay && _loginsUnderWay < LoginsAtOnceMax && Now >= _retryAt)
        {
            if (_servers.Count + _loginsUnderWay >= Share && !MakeRoom())
            {
                AskOthers();
                return;
            }
            _ = LoginAsync();
        }
    }

    // One that may not serve as things are is in the way of one that may.
    bool MakeRoom()
    {
        if (_idle.Find(server => !MayServe(server)) is not { } useless)
            return false;
        _idle.Remove(useless);
        _servers.Remove(useless);
        useless.Close();
        return true;
    }

    void AskOthers()
    {
        if (Now < _askedAt + ProxyLimits.AskOthersEvery)
            return;
        _askedAt = Now;
        Worker.Plane.Others(Worker, other => other.PoolFor(Shared).GiveTo(Worker));
    }

    // A loop whose clients don't need all of its share lets another have one: a place, or a server at rest. Never its
    // last one while it has clients: they might not get it back.
    void GiveTo(Worker asker)
    {
        if (_waiting.Count > 0)
            return;
        var isPlaceFree = _servers.Count + _loginsUnderWay < Share;
        var least = Shared.ClientsOf(Worker.Loop.Number) > 0 ? 1 : 0;
        if ((!isPlaceFree && _idle.Count == 0)
            || !Shared.TryMoveShare(Worker.Loop.Number, asker.Loop.Number, least))
            return;
        if (isPlaceFree)
        {
            asker.Loop.Post(() => asker.PoolFor(Shared).Nudge());
            return;
        }
        var server = _idle[^1];
        _idle.RemoveAt(_idle.Count - 1);
        _servers.Remove(server);
        server.MoveTo(asker);
    }

    Task LoginAsync() => LoginToAsync(PickServer());

    async Task LoginToAsync(Server? picked)
    {
        _loginsUnderWay++;
        Worker.Counts.ServerLogins++;
        Counts.Logins++;
        LoginRefused? refused;
        if (picked is { } taken)
            _loginsTo.Add(taken.Name);
        try
        {
            refused = picked is { } server ? await LoginAsync(server) : new LoginRefused(null, "nobody may serve");
        }
        finally
        {
            _loginsUnderWay--;
            if (picked is { } tried)
                _loginsTo.Remove(tried.Name);
        }
        if (refused is null)
            (_retryAt, _retryPause, _lastTrouble) = (TimeSpan.Zero, ProxyLimits.RetryPause, "");
        else
            OnRefused(refused);
        Nudge();
    }

    async Task<LoginRefused?> LoginAsync(Server server)
    {
        var login = new ServerLogin(
            Worker.Loop, server, Shared.Key, Shared.Keys, Worker.Plane.Access.Servers);
        var limit = Worker.ServerLogins.Add(login.GiveUp);
        var (loggedIn, refused) = await login.RunAsync();
        Worker.ServerLogins.Met(limit);
        if (loggedIn is null)
        {
            if (refused!.IsForNow)
                Worker.Plane.PassOver(server);
            return refused;
        }
        // Its role may have changed meanwhile, and nobody would have cut it.
        if (!Worker.Routes.MayServe(Port, server, Now))
        {
            loggedIn.Connection.Close();
            return new LoginRefused(null, $"{server} lost its role");
        }
        var welcome = new Welcome(loggedIn.Reported);
        Shared.Welcome = welcome;
        Greet(null);
        var session = new ServerSession(this, server, loggedIn, welcome);
        _servers.Add(session);
        session.Connection.Resume();
        if (loggedIn.Rest.Length > 0)
            session.OnBytes(loggedIn.Rest);
        else
            IsFree(session);
        return null;
    }

    void OnRefused(LoginRefused refused)
    {
        // Once for each trouble: there may be many tries in a second.
        if (!string.Equals(_lastTrouble, refused.Why, StringComparison.Ordinal))
            Worker.Plane.Log.NotLoggedIn(Port, Shared.Key.User, Shared.Key.Database, refused.Why);
        _lastTrouble = refused.Why;
        Counts.LoginsFailed++;
        // It may have a new password: what clients have shown is not asked for any more.
        if (string.Equals(refused.SqlState, SqlState.InvalidPassword, StringComparison.Ordinal))
            Worker.Plane.Doubt(Shared.Key.User);
        if (refused.IsForNow)
        {
            _retryAt = Now + _retryPause;
            _retryPause = _retryPause * 2 < ProxyLimits.RetryPauseMax ? _retryPause * 2 : ProxyLimits.RetryPauseMax;
            return;
        }
        // A password that was changed, a database that is not there: whoever waits is told what the server said.
        Greet(refused);
        while (_waiting.First is { } first)
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Refuse(CloseReason.LoginRefused, refused.SqlState!, refused.Why);
        }
    }

    /// <summary>The proxy is to stop.</summary>
    public void TurnNewcomersAway() =>
        Greet(new LoginRefused(SqlState.AdminShutdown, "the proxy is shutting down"));

    void Greet(LoginRefused? refused)
    {
        while (_newcomers.First is { } first)
        {
            _newcomers.RemoveFirst();
            first.Value.Client.SetResult(refused);
        }
    }

    // ---- time ----

    void OnTick()
    {
        ServeWaiting();
        Nudge();
        Level();
        EndWaits();
        // One at a time: those that are closed take their place out of the list.
        if (_idle.Count > 0 && Now - _idle[0].IdleSince > Settings.ServerIdleTimeout)
            _idle[0].Close();
    }

    void EndWaits()
    {
        if (IsPaused || _newcomers.Count + _waiting.Count == 0)
            return;
        var (limit, refusal) = Patience();
        while (_newcomers.First is { } first && Now - CountsFrom(first.Value.Since) > limit)
        {
            _newcomers.RemoveFirst();
            first.Value.Client.SetResult(new LoginRefused(refusal.SqlState, refusal.Why));
        }
        while (_waiting.First is { } first && Now - CountsFrom(first.Value.Since) > limit)
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Refuse(refusal.Reason, refusal.SqlState, refusal.Why);
        }
    }

    // Held while there is no server; else only as long as the others are busy.
    (TimeSpan Limit, (CloseReason Reason, string SqlState, string Why) Refusal) Patience()
    {
        var settings = Worker.Plane.Settings;
        if ((Worker.Routes.WhyNobody(Port, Now) ?? (_servers.Count == 0 ? _lastTrouble : null)) is { } why)
        {
            var server = Port == Port.Primary ? "primary" : "replica";
            return (settings.HoldTimeout, (CloseReason.HoldTimeout, SqlState.CannotConnectNow,
                $"no {server} of cluster {settings.Cluster} for {settings.HoldTimeout.TotalSeconds:0.#} s: {why}"));
        }
        return (Settings.QueryWaitTimeout, (CloseReason.PoolTimeout, SqlState.TooManyConnections,
            $"all {Settings.Size} servers of this pool were busy for {Settings.QueryWaitTimeout.TotalSeconds:0.#} s"));
    }

    /// <summary>Ends all of them: the loop ends.</summary>
    public void CloseServers()
    {
        Worker.Loop.Tick -= OnTick;
        foreach (var server in _servers.ToArray())
            server.Close();
    }
}
