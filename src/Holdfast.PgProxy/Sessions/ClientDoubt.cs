using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What a client is spared, or told later, when its server goes or its success is in doubt.</summary>
internal sealed partial class ClientSession
{
    // ---- a success that may be none ----

    /// <summary>Its answers are withheld from here on.</summary>
    public void OnDoubt()
    {
        WaitInDoubt();
        _pool.Counts.Doubted++;
    }

    /// <summary>It is one.</summary>
    /// <param name="withheld">The answers.</param>
    public void OnDurable(ReadOnlySpan<byte> withheld)
    {
        Connection.Send(withheld);
        EndDoubt();
    }

    /// <summary>Nobody can say.</summary>
    public void OnNotDurable(int units)
    {
        var error = InDoubt("it is done on the primary, and no standby has confirmed it");
        for (var i = 0; i < units; i++)
            EndUnit(error);
        EndDoubt();
    }

    void WaitInDoubt()
    {
        _isInDoubt = true;
        Connection.Pause();
        Connection.WatchesEnd = true;
    }

    void EndDoubt()
    {
        _isInDoubt = false;
        // Once the server's bytes are dealt with.
        Worker.Loop.Post(GoOn);
    }

    // ---- again, on another server ----

    bool MayRepeat(ServerSession server) =>
        server.Copy.IsWhole && server.WithheldUnits == 0
        && RepeatRules.May(
            server.Due, server.Loss, server.Server.Role == ServerRole.Replica, _pool.Settings.RepeatsSelects,
            _repeats);

    void Repeat(ServerSession server)
    {
        _repeats++;
        _pool.Counts.Repeated++;
        ForgetNamesIn(server.Copy.Bytes);
        // What is half sent goes in front of the rest of it that is still to come.
        (IsInUnit, _passing, _unitTraits) = (false, 0, TextTraits.None);
        _carry.PutBack(server.Copy.Bytes);
        GoOn();
    }

    // Those that it gives once more, unless they were others' before.
    void ForgetNamesIn(ReadOnlySpan<byte> messages)
    {
        var seen = new HashSet<byte[]>(ByteComparer.Instance);
        while (MessageHeader.FromClient(messages, out var header) == HeaderRead.Whole
            && header.WholeBytes <= messages.Length)
        {
            var name = StatementIn(header.Tag, messages.Slice(MessageHeader.Bytes, header.BodyBytes));
            if (!name.IsEmpty && seen.Add(name.ToArray()) && header.Tag == ClientMessage.Parse)
                Forget(name);
            messages = messages[(int)header.WholeBytes..];
        }
    }

    static ReadOnlySpan<byte> StatementIn(byte tag, ReadOnlySpan<byte> body)
    {
        switch (tag)
        {
            case ClientMessage.Parse when ExtendedQuery.TryParse(body, out var parsed, out _):
                return parsed;
            case ClientMessage.Bind when ExtendedQuery.TryBind(body, out _, out var bound, out _):
                return bound;
            case ClientMessage.Describe or ClientMessage.Close
                when ExtendedQuery.TryTarget(body, out var target, out var name)
                && target == ExtendedTarget.Statement:
                return name;
            default:
                return default;
        }
    }

    // ---- a COMMIT whose answer was lost ----

    // Of a COMMIT that comes next.
    bool WantsEvidence =>
        _pool.Settings.ResolvesCommits && Server is { MayCommitNow: true, Server.Role: ServerRole.Primary };

    // As the first message of a unit.
    bool IsCommit(byte tag, ReadOnlySpan<byte> body)
    {
        var traits = TextTraits.None;
        if (tag == ClientMessage.Parse && ExtendedQuery.TryParse(body, out _, out var rest))
            traits = QueryText.Read(rest[..rest.IndexOf((byte)0)]);
        else if (tag == ClientMessage.Bind && ExtendedQuery.TryBind(body, out _, out var name, out _))
            traits = name.IsEmpty ? _unnamedTraits : Find(name)?.Traits ?? TextTraits.None;
        return (traits & TextTraits.Commits) != TextTraits.None;
    }

    bool MayFindOut(ServerSession server)
    {
        if (!_pool.Settings.ResolvesCommits || server.Evidence is null || server.WithheldUnits > 0)
            return false;
        var (due, commits) = (server.Due, (server.Done & TextTraits.Commits) != TextTraits.None ? 1 : 0);
        for (var i = 0; i < due.Count; i++)
        {
            if (due[i].Kind is DueKind.Describe or DueKind.FunctionCall || (due[i].EndsUnit && i < due.Count - 1))
                return false;
            if (due[i].Runs && (due[i].Traits & TextTraits.Commits) == TextTraits.None)
                return false;
            commits += due[i].Runs ? 1 : 0;
        }
        return commits == 1;
    }

    void FindOut(ServerSession server, string why)
    {
        var due = new List<Due>();
        for (var i = 0; i < server.Due.Count; i++)
            due.Add(server.Due[i]);
        WaitInDoubt();
        _ = FindOutAsync(server.Evidence!, due, why);
    }

    async Task FindOutAsync(CommitEvidence evidence, List<Due> due, string why)
    {
        var verdict = await _pool.Inquiry.AskAsync(evidence);
        if (_isClosed)
            return;
        switch (verdict)
        {
            case CommitVerdict.Committed:
                _pool.Counts.FoundCommitted++;
                if (_pool.Settings.ReadsOwnWrites)
                    OnWritten();
                foreach (var answer in due.Where(one => one.To != DueTo.Nobody).SelectMany(AnswersTo))
                    Connection.Send(answer);
                break;
            case CommitVerdict.Aborted:
                _pool.Counts.FoundAborted++;
                _pool.Counts.Lost(isKnown: true);
                EndUnitsOf(due, ErrorResponse.Of("ERROR", SqlState.SerializationFailure,
                    "the transaction was rolled back: its server was lost before the COMMIT",
                    $"Transaction {evidence.Xid} of {evidence.Server} is not in the primary's history ({why})."));
                break;
            default:
                _pool.Counts.FoundNothing++;
                _pool.Counts.Lost(isKnown: false);
                EndUnitsOf(due, InDoubt(why));
                break;
        }
        _isInDoubt = false;
        GoOn();
    }

    void EndUnitsOf(List<Due> due, byte[] error)
    {
        Connection.Send(error);
        if (due.Exists(one => one.EndsUnit))
            Connection.Send(Messages.Ready);
        else
            _skipsToSync = true;
    }

    static byte[][] AnswersTo(Due due) => due.Kind switch
    {
        DueKind.Parse => [Messages.ParseComplete],
        DueKind.Bind => [Messages.BindComplete],
        DueKind.Close => [Messages.CloseComplete],
        DueKind.Execute => [Messages.Committed],
        DueKind.Sync => [Messages.Ready],
        _ => [Messages.Committed, Messages.Ready],
    };
}
