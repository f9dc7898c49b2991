using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>
/// One client that is logged in: passes its messages to a server that it has for as long as it needs one. On the
/// loop's thread only.
/// </summary>
internal sealed partial class ClientSession : ConnectionUser
{
    readonly Pool _pool;
    readonly Action<CloseReason> _ended;
    readonly ParameterSet _startup;
    Carry _carry;
    long _passing;
    TimeSpan _restsSince;
    bool _isSettingUp, _isInDoubt, _isNew, _skipsToSync, _isClosed, _wasReset, _wasRenewed, _isFull;
    int _reported, _copyFrom, _repeats;
    RouteTable? _routes;
    LinkedListNode<(ClientSession Client, TimeSpan Since)>? _place;
    (string SqlState, string Message)? _untold;

    /// <param name="ended">Told once, when it is over.</param>
    public ClientSession(Pool pool, Connection connection, ParameterSet parameters, Action<CloseReason> ended)
    {
        (_pool, _source, Connection, _startup, _ended) = (pool, pool, connection, parameters, ended);
        Parameters = parameters;
        Connection.User = this;
        _restsSince = pool.Worker.Loop.Now;
    }

    Worker Worker => _pool.Worker;

    public Connection Connection { get; }
    public ServerSession? Server { get; private set; }

    /// <summary>What it wants its server to be set to.</summary>
    public ParameterSet Parameters { get; private set; }

    /// <summary>Has something that only its server has: it keeps that.</summary>
    public bool IsPinned { get; private set; }

    /// <summary>What for; only while it is pinned.</summary>
    public PinReason PinnedBy { get; private set; }

    /// <summary>Has sent messages since the last Sync that only a Sync ends.</summary>
    public bool IsInUnit { get; private set; }

    /// <summary>Where it waits for a server, when it does: the same each time.</summary>
    public LinkedListNode<(ClientSession Client, TimeSpan Since)> Place => _place ??= new((this, TimeSpan.Zero));

    public bool IsWaiting => _place is { List: not null };

    /// <summary>Its server may be another's now, if that one is at rest, too.</summary>
    public bool LetsGo => !IsInUnit && _passing == 0 && !IsPinned && !_isSettingUp && !_isInDoubt && !_isBeginning
        && _pool.Settings.Mode == PoolMode.Transaction;

    public bool IsClosed => _isClosed;

    /// <summary>It has said nothing for longer than it may, and nothing of it is open.</summary>
    public bool IsSilentTooLong => _pool.Settings.ClientIdleTimeout is { Ticks: > 0 } limit
        && !IsWaiting && !_isSettingUp && Server is not { IsHeld: true }
        && Worker.Loop.Now - Later(_asked, Later(_restsSince, Server?.Since ?? TimeSpan.Zero)) > limit;

    static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        Heard(bytes.Length);
        if (_carry.IsEmpty)
        {
            var used = Take(bytes);
            if (!_isClosed)
                _carry.Keep(bytes[used..]);
        }
        else
        {
            _carry.Keep(bytes);
            TakeCarried();
        }
    }

    void TakeCarried()
    {
        var used = Take(_carry.Bytes);
        if (!_isClosed)
            _carry.Drop(used);
    }

    // How much of it was dealt with; the rest is for later.
    int Take(ReadOnlySpan<byte> input)
    {
        var outgoing = new Outgoing(input, Server?.Connection, Worker.Loop.Staging);
        var at = 0;
        while (at < input.Length && !_isClosed)
        {
            var taken = _passing > 0 ? PassOn(input, at, ref outgoing) : Next(input, at, ref outgoing);
            if (taken == 0)
                break;
            at += taken;
        }
        outgoing.Flush();
        if (Server is { } server && !_isClosed)
        {
            server.Copy.Add(input[_copyFrom..at]);
            _copyFrom = 0;
            server.AnswerOurs();
            _isFull = server.Due.IsFull;
            if (server.Connection.IsBlocked || _isFull)
                Connection.Pause();
        }
        return at;
    }

    // The rest of a message that began earlier. That of a lost server has nowhere to go.
    int PassOn(ReadOnlySpan<byte> input, int at, ref Outgoing outgoing)
    {
        var piece = (int)Math.Min(_passing, input.Length - at);
        if (Server is not null)
            outgoing.Pass(at, at + piece);
        _passing -= piece;
        return piece;
    }

    // Sends a message on, from its first byte.
    int Pass(ReadOnlySpan<byte> input, int at, in MessageHeader header, ref Outgoing outgoing)
    {
        _passing = header.WholeBytes;
        return PassOn(input, at, ref outgoing);
    }

    int Next(ReadOnlySpan<byte> input, int at, ref Outgoing outgoing)
    {
        var read = MessageHeader.FromClient(input[at..], out var header);
        if (read == HeaderRead.NeedMore || IsHeldUp)
            return 0;
        if (read == HeaderRead.Broken)
        {
            outgoing.Flush();
            Refuse(CloseReason.ClientFailed, SqlState.ProtocolViolation, "this is no message of PostgreSQL's protocol");
            return 0;
        }
        if (header.Tag == ClientMessage.Terminate)
        {
            outgoing.Flush();
            Close(CloseReason.ClientClosed);
            return 0;
        }
        if (!IsHere(header, input.Length - at))
            return 0;
        if (((Server is null || _skipsToSync || _untold is not null) && AnswersAlone(header))
            || (Server is null && header.Tag == ClientMessage.Query && !IsInUnit
                && IsForgetting(BodyOf(input, at, header))))
            return DropWhole(input, at, header);
        if (!ReferenceEquals(_routes, Worker.Routes))
            LookAtRoutes(ref outgoing);
        if ((Server is null || _isNew) && !HasServer(ref outgoing))
            return 0;
        if (_pool is { Settings.ReadsOwnWrites: true, IsOfReplicas: true } && !SeesWrites(header.Tag, ref outgoing))
            return 0;
        if (!IsInUnit && Server!.IsFresh)
        {
            _copyFrom = at;
            Server.Copy.Begin();
        }
        return Send(input, at, header, ref outgoing);
    }

    int DropWhole(ReadOnlySpan<byte> input, int at, in MessageHeader header)
    {
        var piece = (int)Math.Min(header.WholeBytes, input.Length - at);
        _passing = header.WholeBytes - piece;
        return piece;
    }

    // Those that are looked into must be here, as far as we look.
    static bool IsHere(in MessageHeader header, int bytes) => header.Tag switch
    {
        ClientMessage.Query or ClientMessage.Parse => bytes >= Math.Min(header.WholeBytes, LookBytesMax),
        ClientMessage.Bind => bytes >= Math.Min(header.WholeBytes, NamesBytesMax),
        ClientMessage.Describe or ClientMessage.Close => bytes >= header.WholeBytes,
        _ => true,
    };

    // What needs no server to answer, or has had its answer.
    bool AnswersAlone(in MessageHeader header)
    {
        var isSync = header.Tag == ClientMessage.Sync;
        if (_skipsToSync)
        {
            if (!isSync)
                return true;
            _skipsToSync = false;
            IsInUnit = false;
            Connection.Send(Messages.Ready);
            return true;
        }
        if (_untold is { } told && header.Tag is not (ClientMessage.Flush or ClientMessage.CopyData
            or ClientMessage.CopyDone or ClientMessage.CopyFail))
        {
            _untold = null;
            Connection.Send(ErrorResponse.Of("ERROR", told.SqlState, told.Message));
            if (isSync || header.Tag is ClientMessage.Query or ClientMessage.FunctionCall)
                Connection.Send(Messages.Ready);
            else
                _skipsToSync = true;
            return true;
        }
        if (isSync && !IsInUnit)
            Connection.Send(Messages.Ready);
        return isSync || header.Tag is ClientMessage.Flush or ClientMessage.CopyData or ClientMessage.CopyDone
            or ClientMessage.CopyFail;
    }

    // ---- having a server ----

    /// <summary>It waits for something: what it sends has its turn later.</summary>
    bool IsHeldUp => _isSettingUp || _isInDoubt || _isHeld || IsWaiting;

    // In session mode, too, nothing new is begun with a primary that may not serve any more. A replica that only lags
    // keeps its sessions.
    void LookAtRoutes(ref Outgoing outgoing)
    {
        // What is under way goes on; what comes behind it is looked at then.
        if (!IsPinned && (IsInUnit || Server is { IsAtRest: false }))
            return;
        _routes = Worker.Routes;
        if (IsPinned || Server is not { Server.Role: ServerRole.Primary } server || _source.MayServe(server))
            return;
        outgoing.Flush();
        outgoing.To = null;
        Server = null;
        server.Leave(mayHaveState: true);
    }

    bool HasServer(ref Outgoing outgoing)
    {
        if (Server is null)
        {
            if (_source.Take() is not { } server)
            {
                _source.Wait(this);
                Connection.Pause();
                Connection.WatchesEnd = true;
                return false;
            }
            Have(server);
        }
        outgoing.To = Server!.Connection;
        return !_isNew || IsSetUp(ref outgoing);
    }

    void Have(ServerSession server)
    {
        (Server, _isNew) = (server, true);
        server.Give(this);
    }

    // What would run under other settings must not run: it waits for the answer, unless that can only be yes.
    bool IsSetUp(ref Outgoing outgoing)
    {
        _isNew = false;
        if (Server!.Parameters.Difference(Parameters) is not { } change)
        {
            Parameters = Server.Parameters;
            return true;
        }
        Server.Owe(new Due(DueKind.Query, DueTo.Nobody));
        outgoing.Insert(change.Message);
        if (!change.MayBeRefused)
            return true;
        _isSettingUp = true;
        Connection.Pause();
        return false;
    }

    /// <summary>The server has what was said of it, or not.</summary>
    public void OnSetUp((string SqlState, string Message)? error)
    {
        if (error is { } told && _isSettingUp)
        {
            _isSettingUp = false;
            Refuse(CloseReason.SettingsRefused, told.SqlState, told.Message);
        }
        else if (error is { } unforeseen)
        {
            // A cancel that came early, or no memory.
            Server!.Lose($"{Server.Server} did not take the client's application_name: {unforeseen.Message}");
        }
        else
        {
            Parameters = Server!.Parameters;
            if (_isSettingUp)
                GoOnSetUp();
        }
    }

    // Once the server's bytes are dealt with; it keeps the server until then.
    void GoOnSetUp() => Worker.Loop.Post(() =>
    {
        var isStill = _isSettingUp;
        _isSettingUp = false;
        if (isStill)
            GoOn();
    });

    /// <summary>Its turn has come.</summary>
    public void Serve(ServerSession server)
    {
        Have(server);
        GoOn();
    }

    // With what it has sent meanwhile.
    void GoOn()
    {
        if (_isClosed)
            return;
        Connection.WatchesEnd = false;
        TakeCarried();
        if (!_isClosed && !IsHeldUp && !_isFull && Server is not { Connection.IsBlocked: true })
            Connection.Resume();
    }

    public void OnLetGo() => (Server, _source, _restsSince) = (null, _pool, Worker.Loop.Now);

    public void OnServerDrained()
    {
        if (!IsHeldUp && !_isFull)
            GoOn();
    }

    /// <summary>Its server has answered: it may say more.</summary>
    public void OnAnswered()
    {
        OnRest();
        if (!_isFull || Server is not { Due.IsFull: false })
            return;
        _isFull = false;
        OnServerDrained();
    }

    public override void OnDrained() => Server?.Connection.Resume();

    public override void OnEnded() => Close(CloseReason.ClientClosed);

    /// <summary>Its server's parameter changed while it had it.</summary>
    public void OnParameter(int slot, string value)
    {
        Parameters = Worker.Parameters.Same(Parameters.With(slot, value));
        _reported |= 1 << slot;
    }

    /// <summary>A statement of its own was carried out.</summary>
    public void OnCompleted(ReadOnlySpan<byte> tag, TextTraits traits)
    {
        _wasReset |= CommandTag.Resets(tag);
        _wasRenewed |= CommandTag.IsDiscardAll(tag);
        if (CommandTag.Forgets(tag) && (traits & TextTraits.Forgets) == TextTraits.None)
            DropNames();
        else if (CommandTag.MakesState(tag))
            Pin(PinReason.Command);
        else if (CommandTag.IsSet(tag) && (traits & TextTraits.KeptSet) == TextTraits.None)
            Pin(PinReason.Setting);
    }

    /// <summary>A unit of its own is over. What the client must be told before it hears so; null: nothing.</summary>
    public byte[]? OnReady()
    {
        _repeats = 0;
        var told = _wasReset ? Reset() : null;
        _reported = 0;
        return told;
    }

    void Pin(PinReason reason)
    {
        if (IsPinned)
            return;
        (IsPinned, PinnedBy) = (true, reason);
        Worker.Counts.Pinned++;
        _pool.Counts.Pinned(reason);
    }
}
