using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>
/// One server that we are logged in to: passes its answers to the client that has it now, and knows from them when it
/// may have another. On the loop's thread only.
/// </summary>
internal sealed partial class ServerSession : ConnectionUser
{
    const byte Idle = (byte)'I', InTransaction = (byte)'T';

    Pool _pool;
    readonly byte[] _keyData;
    Carry _carry;
    long _passing;
    bool _passesOn, _skipsToSync, _isCopyingIn, _hasEarlyCopyEnd, _isSpoiled;
    bool _isResetting, _isEnding, _isClosed;
    byte _status = Idle;
    UnitClock _clock;
    (string SqlState, string Message)? _lastError;

    public ServerSession(Pool pool, Server server, LoggedIn loggedIn, Welcome welcome)
    {
        (_pool, Server, Connection, _keyData) = (pool, server, loggedIn.Connection, loggedIn.KeyData);
        Parameters = pool.Worker.Parameters.Same(welcome.Parameters);
        Born = pool.Worker.Loop.Now;
        Connection.User = this;
    }

    public Server Server { get; }
    public Connection Connection { get; }
    public DueAnswers Due { get; } = new();
    public ServerStatements Statements { get; } = new();
    public ParameterSet Parameters { get; private set; }
    public ClientSession? Client { get; private set; }

    /// <summary>Whose unnamed statement it has; null: nobody's that we know.</summary>
    public ClientSession? UnnamedOf { get; private set; }

    /// <summary>It may have an unnamed statement, whose ever.</summary>
    public bool HasUnnamed { get; private set; }

    public TimeSpan Born { get; }
    public TimeSpan IdleSince { get; set; }

    /// <summary>Since when it works on what it owes; since when it has owed nothing.</summary>
    public TimeSpan Since => _clock.Since;

    /// <summary><see cref="Since"/> of the unit that was cancelled for its time.</summary>
    public TimeSpan CancelledFor { get; set; }

    /// <summary>Owes something, or its client has something open on it.</summary>
    public bool IsHeld => Due.Count > 0 || (Client is { } client && (IsInTransaction || client.IsInUnit));

    /// <summary>The pool has it among those at rest.</summary>
    public bool IsIdle { get; set; }

    /// <summary>Another connection to its server ended without a word: it is closed once at rest.</summary>
    public bool IsSuspect { get; set; }

    /// <summary>Cancel requests on their way to it: until they have arrived, no other client may have it.</summary>
    public int CancelsUnderWay { get; private set; }

    public bool IsInTransaction => _status != Idle;

    /// <summary>What its client has sent since it was last at rest.</summary>
    public UnitCopy Copy { get; } = new();

    /// <summary>How it went, once it is lost.</summary>
    public LossKind Loss { get; private set; }

    /// <summary>The next message is the first of a unit that is in no transaction.</summary>
    public bool IsFresh => _status == Idle && (Due.Count == 0 || (Due.Count == 1 && IsToldSettings));

    // What it was told for its client, before the client's own.
    bool IsToldSettings => Due.Count > 0 && Due.First is { Kind: DueKind.Query, To: DueTo.Nobody };

    /// <summary>In an open transaction that has not failed, with all answered.</summary>
    public bool MayCommitNow => Due.Count == 0 && _status == InTransaction;

    /// <summary>Nothing is owed, and nothing is open.</summary>
    public bool IsAtRest =>
        Due.Count == 0 && _status == Idle && _passing == 0 && !_isSpoiled && !_withholds;

    public bool IsClosed => _isClosed;

    // ---- what the client's side says ----

    public void Give(ClientSession client)
    {
        (Client, IsIdle) = (client, false);
        Connection.Resume();
    }

    /// <summary>Remembers that a message was sent, or one that is answered in its turn by us.</summary>
    public void Owe(Due due)
    {
        if (_skipsToSync && due.Kind != DueKind.Sync)
        {
            Undo(due);
            return;
        }
        _skipsToSync &= due.Kind != DueKind.Sync;
        // A simple statement ends it (PostgreSQL manual, Extended Query).
        if (due is { Kind: DueKind.Query, To: not DueTo.ClientFromUs })
            (UnnamedOf, HasUnnamed) = (null, false);
        if (due.Kind is DueKind.Query or DueKind.Execute && (due.Traits & TextTraits.Forgets) != TextTraits.None)
            ForgetStatements();
        _isDoubted |= CancelsUnderWay > 0 && due.To == DueTo.Client;
        // A Sync while a COPY takes data is not answered, and one that crosses its end may be: rather owe too much.
        _isSpoiled |= _isCopyingIn;
        _clock.Sent(Due.Count, IsInTransaction, _pool.Worker.Loop.Now);
        Due.Add(due);
    }

    // At once, and not when it is done: what is sent behind it must be parsed anew.
    void ForgetStatements() => Statements.Clear();

    /// <summary>The client sends an unnamed statement, or an end of the one that there is.</summary>
    public void OnUnnamed(ClientSession? of) => (UnnamedOf, HasUnnamed) = (of, of is not null);

    /// <summary>The client has ended its COPY data.</summary>
    public void CopyEnded()
    {
        _hasEarlyCopyEnd |= !_isCopyingIn;
        _isCopyingIn = false;
    }

    /// <summary>Answers in our own name what has its turn.</summary>
    public void AnswerOurs()
    {
        while (Due.Count > 0 && Due.First.To == DueTo.ClientFromUs)
        {
            Copy.Spoil();
            Client!.Connection.Send(AnswerTo(Due.Take()));
        }
    }

    void AfterTake()
    {
        if (Client is { Connection.IsBlocked: true })
            Connection.Pause();
        Client?.OnAnswered();
        if (Client is null && Due.Count == 0 && (_isSpoiled || IsInTransaction))
        {
            // Its reset has failed, or has left something open.
            Close();
            return;
        }
        // Not before the cancel has arrived whole: it would hit the barrier.
        if (_withholds && Due.Count == 0 && CancelsUnderWay == 0)
            AskForDurability();
        AskIfDue();
        if (!IsAtRest || CancelsUnderWay > 0 || _isClosed)
            return;
        if (Client is null)
            _pool.IsFree(this);
        else if (Client.LetsGo)
            LetGo();
    }

    public override void OnDrained() => Client?.OnServerDrained();

    public override void OnEnded()
    {
        if (_lastError is null && !IsSuspect)
            _pool.Suspect(Server);
        Lose(_lastError is { } error ? $"{Server} said {error.Message}" : $"{Server} closed the connection");
    }

    // ---- whose it is ----

    /// <summary>Goes back to the pool; the client goes on without it.</summary>
    public void LetGo()
    {
        var client = Client;
        Client = null;
        client?.OnLetGo();
        if (_pool.Settings.ResetsAlways && _pool.Shared.Reset is { } reset)
            Reset(reset);
        else
            _pool.IsFree(this);
    }

    void Reset(ResetQuery reset)
    {
        Owe(new Due(DueKind.Query, DueTo.Nobody, reset.Traits & TextTraits.Forgets));
        _isResetting = true;
        Connection.Resume();
        Connection.Send(reset.Message);
    }

    /// <summary>The client has gone, or ends. Resets what it may have left, or closes.</summary>
    public void Leave(bool mayHaveState)
    {
        Client = null;
        if (UnnamedOf is not null)
            UnnamedOf = null;
        if (!IsAtRest || CancelsUnderWay > 0)
            Abandon();
        else if (_pool.Shared.Reset is { } reset && (mayHaveState || _pool.Settings.ResetsAlways))
            Reset(reset);
        else if (mayHaveState && _pool.Settings.Mode == PoolMode.Transaction)
            Close(); // It has what a transaction's end does not take away, and nothing takes it away.
        else
            _pool.IsFree(this);
    }

    /// <summary>The client has gone in the middle of something.</summary>
    public void Abandon()
    {
        Client = null;
        Undo(Due.Count);
        // Without a farewell: that would be read as the rest of what is half sent.
        Connection.Close();
        Close();
    }

    /// <summary>It is of no use any more: whoever has it is told.</summary>
    public void Lose(string why)
    {
        if (_isClosed)
            return;
        var (client, isWhole) = (Client, _passing == 0 || !_passesOn || _withholds);
        isWhole &= _withheld.Bytes.Length < WithheldBytesMax;
        WithheldUnits = isWhole ? UnitsIn(_withheld.Bytes) : 0;
        Undo(Due.Count);
        Client = null;
        Connection.Reset();
        Close();
        client?.OnServerLost(this, isWhole, why);
    }

    /// <summary>Idle, it becomes another loop's.</summary>
    public void MoveTo(Worker worker)
    {
        var shared = _pool.Shared;
        IsIdle = false;
        Connection.MoveTo(worker.Loop, () =>
        {
            _pool = worker.PoolFor(shared);
            Connection.Resume();
            _pool.Adopt(this);
        });
    }

    public void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        if (!Connection.IsClosed && IsAtRest)
            Connection.Send(Messages.Terminate);
        Connection.Close();
        _carry.Clear();
        _withheld.Clear();
        _pool.Forget(this);
    }

    /// <summary>Sends a cancel request for what it runs now.</summary>
    /// <param name="over">PostgreSQL has sent its signal, or never will; null: nobody waits for that.</param>
    public void Cancel(Action? over)
    {
        CancelsUnderWay++;
        _isDoubted = true;
        var worker = _pool.Worker;
        CancelRequest.Send(worker.Loop, Server, worker.Plane.Access.Servers, Messages.Cancel(_keyData), () =>
        {
            CancelsUnderWay--;
            if (!_isClosed)
                AfterTake();
            over?.Invoke();
        });
    }
}
