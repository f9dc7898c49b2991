using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Sessions;

/// <summary>What becomes of each message of a client: sent on as it is, or under the server's name for a
/// statement.</summary>
internal sealed partial class ClientSession
{
    /// <summary>A longer message runs on without a look at its text, and pins the session.</summary>
    const int LookBytesMax = QueryText.BytesMax + MessageHeader.Bytes;

    /// <summary>PostgreSQL's names have 63 bytes; a Bind begins with two.</summary>
    const int NamesBytesMax = 1024;

    /// <summary>Statements that one client has prepared at a time.</summary>
    const int NamesMax = 10_000;

    Dictionary<byte[], PreparedStatement>? _names;
    byte[] _unnamed = [];
    int _unnamedBytes;
    TextTraits _unnamedTraits, _unitTraits;

    int Send(ReadOnlySpan<byte> input, int at, in MessageHeader header, ref Outgoing outgoing)
    {
        var body = BodyOf(input, at, header);
        switch (header.Tag)
        {
            case ClientMessage.Query:
                return SendQuery(input, at, header, body, ref outgoing);
            case ClientMessage.Sync:
                (IsInUnit, _unitTraits) = (false, TextTraits.None);
                Owe(DueKind.Sync, TextTraits.None);
                return Pass(input, at, header, ref outgoing);
            case ClientMessage.FunctionCall:
                Owe(DueKind.FunctionCall, TextTraits.MayCommit);
                return Pass(input, at, header, ref outgoing);
            case ClientMessage.CopyDone or ClientMessage.CopyFail:
                Server!.CopyEnded();
                return Pass(input, at, header, ref outgoing);
            case ClientMessage.CopyData or ClientMessage.Flush:
                return Pass(input, at, header, ref outgoing);
            case ClientMessage.Password:
                outgoing.Flush();
                Refuse(CloseReason.ClientFailed, SqlState.ProtocolViolation, "nobody has asked for a password");
                return 0;
            default:
                if (!IsInUnit && WantsEvidence && IsCommit(header.Tag, body))
                    Server!.AskForEvidence(ref outgoing);
                IsInUnit = true;
                return SendExtended(input, at, header, body, ref outgoing);
        }
    }

    // As much of it as is here.
    static ReadOnlySpan<byte> BodyOf(ReadOnlySpan<byte> input, int at, scoped in MessageHeader header)
    {
        var body = input[(at + MessageHeader.Bytes)..];
        return body[..Math.Min(header.BodyBytes, body.Length)];
    }

    int SendQuery(
        ReadOnlySpan<byte> input, int at, in MessageHeader header, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        if (Deallocated(body) is { } name)
        {
            Forget(name);
            Server!.Owe(new Due(DueKind.Query, DueTo.ClientFromUs));
            return DropWhole(input, at, header);
        }
        ForgetUnnamed();
        var traits = Look(body.Length < header.BodyBytes ? QueryText.Unread : QueryText.Read(WithoutZero(body)));
        if ((traits & TextTraits.Commits) != TextTraits.None && !IsInUnit && WantsEvidence)
            Server!.AskForEvidence(ref outgoing);
        Owe(DueKind.Query, traits);
        return Pass(input, at, header, ref outgoing);
    }

    // Between two transactions no server has anything of ours, and what servers have parsed is of use to others.
    bool IsForgetting(ReadOnlySpan<byte> body)
    {
        if (_pool.Settings.Mode != PoolMode.Transaction || body.IsEmpty || (body[0] | 0x20) != 'd')
            return false;
        if (Deallocated(body) is { } name)
        {
            Forget(name);
            ForgetUnnamed();
            Connection.Send(Messages.Deallocated);
            Connection.Send(Messages.Ready);
            return true;
        }
        if ((QueryText.Read(WithoutZero(body)) & TextTraits.Renews) == TextTraits.None)
            return false;
        DropNames();
        ForgetUnnamed();
        Connection.Send(Messages.Discarded);
        Connection.Send(Reports(Parameters, _startup));
        Parameters = _startup;
        Connection.Send(Messages.Ready);
        return true;
    }

    int SendExtended(
        ReadOnlySpan<byte> input, int at, in MessageHeader header, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        switch (header.Tag)
        {
            case ClientMessage.Execute:
                Owe(DueKind.Execute, Look(body is [0, ..] ? _unitTraits : _unitTraits & ~TextTraits.Reads));
                return Pass(input, at, header, ref outgoing);
            case ClientMessage.Parse:
                return SendParse(input, at, header, body, ref outgoing);
            case ClientMessage.Bind:
                return SendBind(input, at, header, body, ref outgoing);
            default:
                return SendTarget(input, at, header, body, ref outgoing);
        }
    }

    static ReadOnlySpan<byte> WithoutZero(ReadOnlySpan<byte> body) => body.TrimEnd((byte)0);

    void Owe(DueKind kind, TextTraits traits) => Server!.Owe(new Due(kind, DueTo.Client, traits));

    // Drivers end what they have prepared by message with a statement, under the name that is theirs alone.
    byte[]? Deallocated(ReadOnlySpan<byte> body) =>
        _names is { Count: > 0 } && !body.IsEmpty && (body[0] | 0x20) == 'd'
        && QueryText.Deallocated(WithoutZero(body)) is { } name
        && Find(name) is not null
            ? name
            : null;

    TextTraits Look(TextTraits traits)
    {
        if ((traits & TextTraits.Forgets) != TextTraits.None)
            DropNames();
        if ((traits & TextTraits.Renews) != TextTraits.None)
            IsPinned = false;
        if ((traits & TextTraits.SessionState) != TextTraits.None)
            Pin(PinReason.SessionState);
        return traits;
    }

    int SendParse(
        ReadOnlySpan<byte> input, int at, in MessageHeader header, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        // One that is too long, or broken, is the server's business; its name is then, too.
        if (body.Length < header.BodyBytes || !ExtendedQuery.TryParse(body, out var name, out var rest))
        {
            _unitTraits |= Look(body.Length < header.BodyBytes ? QueryText.Unread : TextTraits.None);
            if (body is [0, ..])
                Server!.OnUnnamed(this);
            Owe(DueKind.Parse, TextTraits.None);
            return Pass(input, at, header, ref outgoing);
        }
        if (name.IsEmpty)
        {
            KeepUnnamed(rest);
            Server!.OnUnnamed(this);
            Owe(DueKind.Parse, TextTraits.None);
            return Pass(input, at, header, ref outgoing);
        }
        Prepare(name, rest, ref outgoing);
        return DropWhole(input, at, header);
    }

    void Prepare(ReadOnlySpan<byte> name, ReadOnlySpan<byte> rest, ref Outgoing outgoing)
    {
        _names ??= new(ByteComparer.Instance);
        if (Find(name) is { } taken)
        {
            // The server says that there is one already.
            Ensure(taken, ref outgoing);
            Owe(DueKind.Parse, TextTraits.None);
            outgoing.Insert(taken.ParseMessage);
            return;
        }
        if (_names.Count >= NamesMax)
        {
            outgoing.Flush();
            Refuse(CloseReason.ClientFailed, SqlState.ProgramLimitExceeded,
                $"more than {NamesMax} statements are prepared");
            return;
        }
        var (statement, key) = (Worker.Statements.Take(rest), name.ToArray());
        _names.Add(key, statement);
        var isThere = Server!.Statements.Use(statement);
        _pool.Counts.Prepared(isThere);
        if (isThere)
        {
            Server.Owe(new Due(DueKind.Parse, DueTo.ClientFromUs, TextTraits.None, statement, key));
            return;
        }
        Server.Owe(new Due(DueKind.Parse, DueTo.Client, TextTraits.None, statement, key));
        outgoing.Insert(statement.ParseMessage);
        CloseSurplus(ref outgoing);
    }

    PreparedStatement? Find(ReadOnlySpan<byte> name) =>
        _names is not null && _names.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var statement)
            ? statement
            : null;

    // The server that we have now may never have heard of it.
    void Ensure(PreparedStatement statement, ref Outgoing outgoing)
    {
        var isThere = Server!.Statements.Use(statement);
        _pool.Counts.Prepared(isThere);
        if (isThere)
            return;
        Server.Owe(new Due(DueKind.Parse, DueTo.Nobody, TextTraits.None, statement));
        outgoing.Insert(statement.ParseMessage);
        CloseSurplus(ref outgoing);
    }

    void CloseSurplus(ref Outgoing outgoing)
    {
        if (Server!.Statements.Surplus() is not { } surplus)
            return;
        Server.Owe(new Due(DueKind.Close, DueTo.Nobody));
        outgoing.Insert(Messages.Of(ClientMessage.Close, [(byte)'S', .. surplus.Name, 0]));
    }

    void KeepUnnamed(ReadOnlySpan<byte> rest)
    {
        if (_unnamed.Length < rest.Length)
            _unnamed = new byte[rest.Length];
        rest.CopyTo(_unnamed);
        _unnamedBytes = rest.Length;
        _unnamedTraits = QueryText.Read(rest[..rest.IndexOf((byte)0)]);
    }

    // Another client has had our server in between, or we another server.
    void EnsureUnnamed(ref Outgoing outgoing)
    {
        if (ReferenceEquals(Server!.UnnamedOf, this) || (_unnamedBytes == 0 && !Server.HasUnnamed))
            return;
        if (_unnamedBytes == 0)
        {
            // Ours there is none; and that of another is not ours.
            Server.OnUnnamed(null);
            Server.Owe(new Due(DueKind.Close, DueTo.Nobody));
            outgoing.Insert(Messages.CloseUnnamed);
            return;
        }
        Server.OnUnnamed(this);
        Server.Owe(new Due(DueKind.Parse, DueTo.Nobody));
        outgoing.Insert(Messages.Of(ClientMessage.Parse, [0, .. _unnamed.AsSpan(0, _unnamedBytes)]));
    }

    int SendBind(
        ReadOnlySpan<byte> input, int at, in MessageHeader header, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        var isBind = ExtendedQuery.TryBind(body, out var portal, out var name, out _);
        var statement = isBind && !name.IsEmpty ? Find(name) : null;
        if (isBind && name.IsEmpty)
        {
            EnsureUnnamed(ref outgoing);
            Bind(portal, _unnamedTraits);
        }
        if (statement is null)
        {
            if (!isBind || !name.IsEmpty)
                Bind(portal, TextTraits.None);
            Owe(DueKind.Bind, TextTraits.None);
            return Pass(input, at, header, ref outgoing);
        }
        Bind(portal, statement.Traits);
        Ensure(statement, ref outgoing);
        Owe(DueKind.Bind, TextTraits.None);
        var front = MessageHeader.Bytes + portal.Length + 1;
        Rename(header, input.Slice(at + MessageHeader.Bytes, portal.Length + 1), name, statement, ref outgoing);
        return PassAfter(input, at, header, front + name.Length + 1, ref outgoing);
    }

    // What is run next may be any portal that has a name, and is the newest without one: that it reads is known of this
    // one alone.
    void Bind(ReadOnlySpan<byte> portal, TextTraits traits) =>
        _unitTraits = (_unitTraits & ~TextTraits.Reads)
            | (portal.IsEmpty ? traits : traits & ~TextTraits.Reads);

    // The header with its new length, what is before the name, and the name that the server knows.
    static void Rename(
        in MessageHeader header, ReadOnlySpan<byte> before, ReadOnlySpan<byte> name, PreparedStatement statement,
        ref Outgoing outgoing)
    {
        Span<byte> front = stackalloc byte[MessageHeader.Bytes];
        new MessageHeader(header.Tag, header.BodyBytes - name.Length + statement.Name.Length).Write(front);
        outgoing.Insert(front);
        outgoing.Insert(before);
        outgoing.Insert(statement.Name);
        outgoing.Insert("\0"u8);
    }

    // The rest of a message whose front was written anew.
    int PassAfter(ReadOnlySpan<byte> input, int at, in MessageHeader header, int front, ref Outgoing outgoing)
    {
        _passing = header.WholeBytes - front;
        return front + PassOn(input, at + front, ref outgoing);
    }

    // Describe and Close.
    int SendTarget(
        ReadOnlySpan<byte> input, int at, in MessageHeader header, ReadOnlySpan<byte> body, ref Outgoing outgoing)
    {
        var isClose = header.Tag == ClientMessage.Close;
        var isStatement = ExtendedQuery.TryTarget(body, out var target, out var name)
            && target == ExtendedTarget.Statement;
        if (isStatement && name.IsEmpty && !isClose)
        {
            EnsureUnnamed(ref outgoing);
        }
        else if (isStatement && name.IsEmpty)
        {
            ForgetUnnamed();
            Server!.OnUnnamed(null);
        }
        if (!isStatement || name.IsEmpty || Find(name) is not { } statement)
        {
            Owe(isClose ? DueKind.Close : DueKind.Describe, TextTraits.None);
            return Pass(input, at, header, ref outgoing);
        }
        if (isClose)
        {
            // For good once it has its turn: behind an error it would be skipped.
            var key = name.ToArray();
            _names!.Remove(key);
            Server!.Owe(new Due(DueKind.Close, DueTo.ClientFromUs, TextTraits.None, statement, key));
            return DropWhole(input, at, header);
        }
        Ensure(statement, ref outgoing);
        Owe(DueKind.Describe, TextTraits.None);
        Rename(header, body[..1], name, statement, ref outgoing);
        return DropWhole(input, at, header);
    }

    /// <summary>The name is nobody's any more.</summary>
    public void Forget(ReadOnlySpan<byte> name)
    {
        if (_names is not null
            && _names.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name, out _, out var statement))
            Worker.Statements.Drop(statement);
    }

    /// <summary>Its Close was skipped.</summary>
    public void Restore(byte[] name, PreparedStatement statement)
    {
        _names ??= new(ByteComparer.Instance);
        _names[name] = statement;
    }

    /// <summary>It has no unnamed statement any more.</summary>
    public void ForgetUnnamed() => _unnamedBytes = 0;

    void DropNames()
    {
        if (_names is null)
            return;
        foreach (var statement in _names.Values)
            Worker.Statements.Drop(statement);
        _names = null;
    }
}
