using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What becomes of each message of a server: sent on, or kept where we had asked.</summary>
internal sealed partial class ServerSession
{
    /// <summary>Messages that are looked into are waited for whole up to this; longer errors and notices pass
    /// unread.</summary>
    const int LookBytesMax = 64 * 1024;

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        _pool.Counts.ServerBytes += bytes.Length;
        if (_carry.IsEmpty)
        {
            var used = Take(bytes);
            if (!_isClosed)
                _carry.Keep(bytes[used..]);
        }
        else
        {
            _carry.Keep(bytes);
            var used = Take(_carry.Bytes);
            if (!_isClosed)
                _carry.Drop(used);
        }
        if (!_isClosed)
            AfterTake();
    }

    int Take(ReadOnlySpan<byte> input)
    {
        var outgoing = new Outgoing(input, Client?.Connection, _pool.Worker.Loop.Staging);
        var at = 0;
        while (at < input.Length)
        {
            var taken = _passing > 0 ? 0 : Begin(input[at..], ref outgoing);
            if (taken < 0 || _isClosed)
                break;
            var piece = (int)Math.Min(_passing, input.Length - at);
            if (_passesOn && _withholds)
                Withhold(input.Slice(at, piece));
            else if (_passesOn)
                outgoing.Pass(at, at + piece);
            _passing -= piece;
            at += piece;
            while (_passing == 0 && Due.Count > 0 && Due.First.To == DueTo.ClientFromUs)
                AnswerOurs(ref outgoing);
        }
        Flush(ref outgoing);
        return at;
    }

    // What came in one read with the server's last word is not the beginning of an answer any more.
    void Flush(ref Outgoing outgoing)
    {
        if (!outgoing.HasAny || (_isEnding && Copy.IsWhole && outgoing.TryDrop()))
            return;
        Copy.Spoil();
        outgoing.Flush();
    }

    void AnswerOurs(ref Outgoing outgoing)
    {
        var answer = AnswerTo(Due.Take());
        if (_withholds)
            Withhold(answer);
        else
            outgoing.Insert(answer);
    }

    // 0: a message begins, and passes from here on; -1: there is not enough of it yet.
    int Begin(ReadOnlySpan<byte> input, ref Outgoing outgoing)
    {
        switch (MessageHeader.FromServer(input, out var header))
        {
            case HeaderRead.NeedMore:
                return -1;
            case HeaderRead.Broken:
                Flush(ref outgoing);
                Lose($"{Server} does not speak PostgreSQL's protocol");
                return -1;
        }
        var isRead = (IsLookedInto(header.Tag) || (header.Tag == ServerMessage.DataRow && (IsEvidence || IsPosition)))
            && header.WholeBytes <= LookBytesMax;
        if (isRead && header.WholeBytes > input.Length)
            return -1;
        _passesOn = Client is not null && (Due.Count == 0 || Due.First.To == DueTo.Client);
        var body = isRead ? input.Slice(MessageHeader.Bytes, header.BodyBytes) : default;
        if (!Hear(header.Tag, body, ref outgoing))
        {
            Flush(ref outgoing);
            Lose($"{Server} answered out of turn ({(char)header.Tag})");
            return -1;
        }
        _passing = header.WholeBytes;
        return 0;
    }

    static bool IsLookedInto(byte tag) => tag is ServerMessage.CommandComplete or ServerMessage.Error
        or ServerMessage.Notice or ServerMessage.ParameterStatus or ServerMessage.ReadyForQuery;

    // False: it is no answer to what is due.
    bool Hear(byte tag, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        switch (tag)
        {
            case ServerMessage.DataRow when IsEvidence:
                Evidence = CommitEvidence.Read(Server.Name, body);
                return true;
            case ServerMessage.DataRow when IsPosition:
                _said = ReadPosition(body);
                return true;
            case ServerMessage.DataRow or ServerMessage.CopyData or ServerMessage.CopyDone
                or ServerMessage.ParameterDescription or ServerMessage.CopyOutResponse:
                return Due.Count > 0;
            case ServerMessage.ParseComplete:
                return Answered(DueKind.Parse);
            case ServerMessage.BindComplete:
                return Answered(DueKind.Bind);
            case ServerMessage.CloseComplete:
                return Answered(DueKind.Close);
            case ServerMessage.NoData:
                return Answered(DueKind.Describe);
            case ServerMessage.RowDescription:
                return Runs || Answered(DueKind.Describe);
            case ServerMessage.CommandComplete:
                return Completed(body);
            case ServerMessage.EmptyQueryResponse or ServerMessage.PortalSuspended:
                return (Due.Count > 0 && Due.First.Kind == DueKind.Query) || Answered(DueKind.Execute);
            case ServerMessage.ReadyForQuery:
                return IsReady(body, ref outgoing);
            default:
                Note(tag, body);
                return true;
        }
    }

    // What comes unasked, or in place of an answer.
    void Note(byte tag, ReadOnlySpan<byte> body)
    {
        switch (tag)
        {
            case ServerMessage.Error:
                OnError(body);
                break;
            case ServerMessage.Notice:
                OnNotice(body);
                break;
            case ServerMessage.ParameterStatus:
                OnParameter(body);
                break;
            case ServerMessage.CopyInResponse:
                OnCopyIn();
                break;
        }
    }

    bool Runs => Due.Count > 0 && Due.First.Kind is (DueKind.Query or DueKind.Execute);

    bool Answered(DueKind kind)
    {
        if (Due.Count == 0 || Due.First.Kind != kind)
            return false;
        Due.Take();
        return true;
    }

    bool Completed(ReadOnlySpan<byte> body)
    {
        if (!Runs || body.IsEmpty)
            return false;
        _isCopyingIn = false;
        var due = Due.First;
        if (due.Kind == DueKind.Execute)
            Due.Take();
        if (CommandTag.Forgets(body) && (due.Traits & TextTraits.Forgets) == TextTraits.None)
        {
            // Nobody saw it coming: what was sent behind it may have counted on statements that are gone.
            ForgetStatements();
            _isSpoiled |= Due.Count > 1;
        }
        if (due.To == DueTo.Client)
        {
            _done |= due.Traits;
            _isPartDone = true;
            NoteWrite(body, due.Traits);
            Client?.OnCompleted(body, due.Traits);
        }
        return true;
    }

    bool IsReady(ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        if (body.Length != 1 || Due.Count == 0 || !Due.First.EndsUnit)
            return false;
        _status = body[0];
        // A function that is called by message has no tag.
        if (Due.First.Kind == DueKind.FunctionCall)
            NoteWrite("CALL\0"u8, Due.First.Traits);
        if (Due.First.To == DueTo.Client)
            _clock.Answered(_pool.Counts, IsInTransaction, _pool.Worker.Loop.Now);
        _isCopyingIn = _isResetting = false;
        _hasEarlyCopyEnd &= Due.Count > 1;
        OnUnitDone(Due.Take().To, ref outgoing);
        _lastError = null;
        return true;
    }

    void OnUnitDone(DueTo to, ref Outgoing outgoing)
    {
        switch (to)
        {
            case DueTo.Nobody:
                Client?.OnSetUp(_lastError);
                break;
            case DueTo.Barrier:
                Settle(isDurable: _lastError is null && !_isDoubted);
                break;
            case DueTo.Position:
                OnPosition();
                break;
            case DueTo.Client:
                CountWrite();
                Doubt();
                if (Client?.OnReady() is not { } told)
                    break;
                if (_withholds)
                    Withhold(told);
                else
                    outgoing.Insert(told);
                break;
        }
    }

    // Until the next Sync the server now skips what it is sent, unless the unit was one simple message.
    void OnError(ReadOnlySpan<byte> body)
    {
        _lastError = (ErrorResponse.Field(body, 'C') ?? "XX000", ErrorResponse.Field(body, 'M') ?? "an error");
        _isCopyingIn = false;
        if (ErrorResponse.Field(body, 'V') is "FATAL" or "PANIC")
        {
            _isEnding = true;
            if (_lastError.Value.SqlState == SqlState.AdminShutdown && !_isPartDone)
                Loss = LossKind.Ended;
            // The connection ends now. What that means for what is owed, the client is told by us.
            _isSpoiled = true;
            _passesOn = false;
            return;
        }
        if (Due.Count == 0)
        {
            _skipsToSync = Client is { IsInUnit: true };
            return;
        }
        // It was taken for done when it was sent: nobody knows what this server has parsed, or still has.
        _isSpoiled |= _isResetting || (Due.First.Traits & TextTraits.Forgets) != TextTraits.None;
        if (Due.First.EndsUnit)
            return;
        // What was ours failed in the client's place, such as a parse: it is the client's error.
        _passesOn = Client is not null;
        var skipped = 0;
        while (skipped < Due.Count && Due[skipped].Kind != DueKind.Sync)
            skipped++;
        Undo(skipped);
        while (skipped-- > 0)
            Due.Take();
        _skipsToSync = Due.Count == 0;
    }

    // The last first: a name may have been closed and given anew.
    void Undo(int count)
    {
        for (var i = count - 1; i >= 0; i--)
            Undo(Due[i]);
    }

    // It was taken for done when it was sent.
    void Undo(Due due)
    {
        if (due.Statement is not { } statement)
        {
            // An unnamed one may be there or not. Whoever wants one says so anew.
            if (due.Kind is DueKind.Parse or DueKind.Close)
            {
                (UnnamedOf, HasUnnamed) = (null, true);
                Client?.ForgetUnnamed();
            }
            return;
        }
        if (due.Kind == DueKind.Close)
        {
            if (Client is null)
                _pool.Worker.Statements.Drop(statement);
            else
                Client.Restore(due.Name!, statement);
            return;
        }
        if (due.To != DueTo.ClientFromUs)
            Statements.Forget(statement);
        if (due.Name is { } name)
            Client?.Forget(name);
    }

    void OnParameter(ReadOnlySpan<byte> body)
    {
        _passesOn &= Client is not null;
        if (!ServerLogin.TryPair(body, out var pair) || ParameterSet.SlotOf(pair.Key) is not (>= 0 and var slot))
            return;
        Parameters = _pool.Worker.Parameters.Same(Parameters.With(slot, pair.Value));
        if (!IsToldSettings)
            Client?.OnParameter(slot, pair.Value);
    }

    // A Sync that was sent before the data is ignored (PostgreSQL manual, COPY Operations); libpq sends one.
    void OnCopyIn()
    {
        _isCopyingIn = !_hasEarlyCopyEnd;
        if (Due.Count < 2 || Due.First.Kind != DueKind.Execute)
            return;
        if (Due.Count == 2 && Due.Last.Kind == DueKind.Sync && !_hasEarlyCopyEnd)
            Due.TakeLast();
        else
            _isSpoiled = true;
    }

    byte[] Closed(Due due)
    {
        if (due.Statement is { } statement)
            _pool.Worker.Statements.Drop(statement);
        return Messages.CloseComplete;
    }

    byte[] AnswerTo(Due due) => due.Kind switch
    {
        DueKind.Parse => Messages.ParseComplete,
        DueKind.Close => Closed(due),
        _ => [.. Messages.Deallocated, .. Messages.Of(ServerMessage.ReadyForQuery, [_status])],
    };
}
