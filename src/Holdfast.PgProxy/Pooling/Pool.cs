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
    readonly HashSet<ServerSession> _servers = [];
    readonly List<ServerSession> _idle = [];
    readonly LinkedList<(ClientSession Client, TimeSpan Since)> _waiting = new();
    readonly LinkedList<(TaskCompletionSource<LoginRefused?> Client, TimeSpan Since)> _newcomers = new();

    /// <summary>Servers beyond the share, out of the pool's reserve.</summary>
    int _reserve;

    /// <summary>A loop without a share of its own whose client waits longer than ours.</summary>
    Worker? _promisedTo;
    TimeSpan _askedAt;

    public Pool(Worker worker, SharedPool shared)
    {
        (Worker, Shared, Counts) = (worker, shared, shared.Counts[worker.Loop.Number]);
        worker.Loop.Tick += OnTick;
    }

    public Worker Worker { get; }
    public SharedPool Shared { get; }

    /// <summary>Into the COMMITs of its clients whose answer was lost.</summary>
    public CommitInquiry Inquiry => field ??= new CommitInquiry(Worker, Shared);
    public PoolCounts Counts { get; }
    public PoolSettings Settings => Shared.Settings;
    public bool IsOfReplicas => Port == Port.Replicas;
    Port Port => Shared.Key.Port;
    int Number => Worker.Loop.Number;
    int Share => Shared.ShareOf(Number);
    int Capacity => Share + _reserve;
    TimeSpan Now => Worker.Loop.Now;
    TimeSpan WaitingSince => _waiting.First is { } first ? first.Value.Since : TimeSpan.MaxValue;

    // ---- clients ----

    /// <summary>Whether a unit may be begun with it now.</summary>
    public bool MayServe(ServerSession server) => Worker.Routes.MayServe(Port, server.Server, Now);

    /// <summary>A server that may serve now, unless somebody else waits for one; null: wait.</summary>
    public ServerSession? Take()
    {
        // The route may lead to a new primary, and Cut is still to come.
        AdoptSuccessors();
        return _waiting.Count > 0 ? null : TakeIdle();
    }

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
        client.Place.Value = (client, Now);
        _waiting.AddLast(client.Place);
        Worker.Counts.Waited++;
        Nudge();
    }

    public void StopWaiting(ClientSession client)
    {
        if (!client.IsWaiting)
            return;
        Counts.Waits.Observe(Now - client.Place.Value.Since);
        _waiting.Remove(client.Place);
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
        // One at rest may speak all the same: a notice, its last words.
        if (server.IsClosed || server.IsIdle)
            return;
        // Its last client may not have read all; the next one, or an end, must be heard.
        server.Connection.Resume();
        if (IsPaused || _servers.Count > Capacity || IsOld(server) || YieldsPlace(server)
            || Shared.OwesAnother(this, Now))
        {
            server.Close();
            return;
        }
        if (_promisedTo is { } asker && GiveAway(asker, server))
            return;
        if (_waiting.First is { } first && MayServe(server))
        {
            StopWaiting(first.Value.Client);
            first.Value.Client.Serve(server);
            return;
        }
        (server.IdleSince, server.IsIdle) = (Now, true);
        _idle.Add(server);
    }

    /// <summary>A connection to it has ended without a word. Those that a crash has not reached yet get nothing new:
    /// whoever was hit by it once would be hit again.</summary>
    public void Suspect(Server broken)
    {
        foreach (var server in _servers)
            server.IsSuspect |= server.Server == broken;
        foreach (var server in _idle.Where(server => server.IsSuspect).ToArray())
            server.Close();
    }

    public void Forget(ServerSession server)
    {
        if (!_servers.Remove(server))
            return;
        _idle.Remove(server);
        Shared.RemoveServer();
        ReturnReserve();
        Nudge();
    }

    void ReturnReserve()
    {
        while (_reserve > 0 && _servers.Count + _loginsUnderWay < Capacity)
        {
            _reserve--;
            Shared.ReturnReserve();
        }
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
        GiveUpLogins();
        PrepareSuccessors();
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

    // ---- places for servers ----

    // The loop's share, the pool's reserve for those who have waited too long, another loop's share; and all of it
    // within what the database and the user may have.
    bool HasPlace()
    {
        if (_servers.Count + _loginsUnderWay >= Capacity && !MakeRoom() && !TakeReserve())
        {
            Shared.LeaveLine(this);
            AskOthers();
            return false;
        }
        _whyNoServer = Shared.WhyNoServer(this);
        if (_whyNoServer is not null && Worker.GiveUpOne(this))
            _whyNoServer = Shared.WhyNoServer(this);
        if (_whyNoServer is null)
            return true;
        if (Now >= _askedAt + ProxyLimits.AskOthersEvery)
        {
            _askedAt = Now;
            Worker.Plane.Others(Worker, other => other.GiveUpOne(this));
        }
        ReturnReserve();
        return false;
    }

    // One that may not serve as things are is in the way of one that may.
    bool MakeRoom()
    {
        // Mostly there is none at all, and whoever waits asks.
        if (_idle.Count == 0 || _idle.Find(server => !MayServe(server)) is not { } useless)
            return false;
        Release(useless);
        Shared.RemoveServer();
        useless.Close();
        return true;
    }

    // It is not ours any more. What it counted is for the caller to give on, or back.
    void Release(ServerSession server)
    {
        _idle.Remove(server);
        _servers.Remove(server);
        ReturnReserve();
    }

    bool TakeReserve()
    {
        if (Now - WaitingSince < Settings.ReserveTimeout || _waiting.Count == 0 || !Shared.TryTakeReserve())
            return false;
        _reserve++;
        return true;
    }

    void AskOthers()
    {
        if (Now < _askedAt + ProxyLimits.AskOthersEvery)
            return;
        _askedAt = Now;
        var since = WaitingSince;
        Worker.Plane.Others(Worker, other => other.PoolFor(Shared).GiveTo(Worker, since));
    }

    // A loop whose clients don't need all of its share lets another have one: a place, or a server at rest. Never its
    // last one while it has clients: they might not get it back. Only who has no share at all, since the pool's size
    // was made less than there are loops, gets that one, too, in its turn.
    void GiveTo(Worker asker, TimeSpan since)
    {
        if (WaitingSince < since || (_waiting.Count > 0 && Shared.ShareOf(asker.Loop.Number) > 0))
            return;
        if (_servers.Count + _loginsUnderWay < Share)
        {
            if (MoveShareTo(asker))
                asker.Loop.Post(() => asker.PoolFor(Shared).Nudge());
        }
        else if (_idle.Count == 0)
        {
            _promisedTo = Shared.ShareOf(asker.Loop.Number) == 0 ? asker : null;
        }
        else
        {
            GiveAway(asker, _idle[^1]);
        }
    }

    bool MoveShareTo(Worker asker)
    {
        var isLastOurs = Shared.ClientsOf(Number) > 0 && Shared.ShareOf(asker.Loop.Number) > 0;
        return Shared.TryMoveShare(Number, asker.Loop.Number, least: isLastOurs ? 1 : 0);
    }

    bool GiveAway(Worker asker, ServerSession server)
    {
        _promisedTo = null;
        if (!MoveShareTo(asker))
            return false;
        Release(server);
        server.MoveTo(asker);
        return true;
    }

    /// <summary>For a pool that finds no place within what its database, or its user, may have: closes the server that
    /// has been idle for longest. False: it has none to spare.</summary>
    public TimeSpan SpareSince(SharedPool other)
    {
        var isBound = (ReferenceEquals(other.Database, Shared.Database) && other.Settings.DatabaseServersMax > 0)
            || (ReferenceEquals(other.User, Shared.User) && other.Settings.UserServersMax > 0);
        return isBound && _waiting.Count == 0 && _idle.Count > 0 ? _idle[0].IdleSince : TimeSpan.MaxValue;
    }

    public void GiveUpOne() => _idle[0].Close();

    /// <summary>The proxy is to stop.</summary>
    public void TurnNewcomersAway() =>
        Greet(new LoginRefused(SqlState.AdminShutdown, "the proxy is shutting down"));

    /// <summary>Ends all of them: the loop ends, or nobody has needed the pool for a while.</summary>
    public void CloseServers()
    {
        Worker.Loop.Tick -= OnTick;
        foreach (var server in _servers.ToArray())
            server.Close();
        _successorsWanted = 0;
        CloseSuccessors();
    }
}
