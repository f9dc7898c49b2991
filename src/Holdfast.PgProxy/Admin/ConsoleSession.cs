using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Frontend;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Admin;

/// <summary>One client of the console: takes its messages apart and answers them; no server is ever asked. On the
/// loop's thread only, one command at a time.</summary>
internal sealed class ConsoleSession : ConnectionUser
{
    /// <summary>Whose console this one is like.</summary>
    public const string Likeness = "1.18.0";

    const int MessageBytesMax = 64 * 1024;

    /// <summary>Statements, and portals, that one client keeps.</summary>
    const int NamesMax = 100;

    readonly Worker _worker;
    readonly Connection _connection;
    readonly AdminConsole _console;
    readonly Action<CloseReason> _ended;
    readonly Dictionary<string, string> _statements = new(StringComparer.Ordinal);
    readonly Dictionary<string, (string Text, short[] Formats)> _portals = new(StringComparer.Ordinal);
    Carry _carry;
    bool _isBusy, _isClosed, _skipsToSync;

    /// <param name="ended">Told once.</param>
    public ConsoleSession(Worker worker, Connection connection, AdminConsole console, Action<CloseReason> ended)
    {
        (_worker, _connection, _console, _ended) = (worker, connection, console, ended);
        connection.User = this;
    }

    public static string OwnVersion { get; } =
        typeof(ConsoleSession).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0";

    /// <summary>It may be told of the end now: no command is under way.</summary>
    public bool IsAtRest => !_isBusy;

    /// <summary>Who has said who it is, and may not come in; null: it may, to the console or to a database.</summary>
    public static Refusal? WhyNot(PooledProxy plane, string database, string user)
    {
        var console = plane.Settings.Console;
        return console.IsConsole(database, user) && !console.Knows(user)
            ? new(CloseReason.LoginRefused, SqlState.InvalidAuthorization,
                $"user \"{user}\" is in none of pgproxy.admin_users and pgproxy.stats_users: the console is not for it")
            : plane.Orders.Find(database) is { IsDisabled: true }
                ? new(CloseReason.LoginRefused, SqlState.CannotConnectNow,
                    $"an administrator has disabled the database \"{database}\" (the console's ENABLE)")
                : null;
    }

    /// <summary>Lets a client in; on its loop.</summary>
    /// <param name="early">What it has said already.</param>
    /// <param name="ended">Told once.</param>
    public static void Begin(
        Worker worker, Port port, Connection connection, string user, byte[] early, Action<CloseReason> ended)
    {
        var plane = worker.Plane;
        var console = new AdminConsole(plane, port, plane.Settings.Console.MayOrder(user));
        ConsoleSession? session = null;
        session = new ConsoleSession(worker, connection, console, reason =>
        {
            worker.Consoles.Remove(session!);
            plane.ConsoleWent();
            ended(reason);
        });
        worker.Consoles.Add(session);
        plane.ConsoleCame();
        var key = plane.NewKey();
        connection.Send(Welcome(key.Process, key.Secret));
        connection.Resume();
        if (early.Length > 0)
            session.OnBytes(early);
    }

    // What it hears when it is let in.
    static byte[] Welcome(int process, int secret) =>
    [
        .. Messages.AuthenticationOk, .. Messages.ParameterStatus("server_version", $"{Likeness}/bouncer"),
        .. Messages.ParameterStatus("client_encoding", "UTF8"), .. Messages.ParameterStatus("server_encoding", "UTF8"),
        .. Messages.ParameterStatus("DateStyle", "ISO"), .. Messages.ParameterStatus("TimeZone", "GMT"),
        .. Messages.ParameterStatus("standard_conforming_strings", "on"),
        .. Messages.ParameterStatus("integer_datetimes", "on"), .. Messages.ParameterStatus("is_superuser", "on"),
        .. Messages.KeyData(process, secret), .. Messages.Ready,
    ];

    public override void OnBytes(ReadOnlySpan<byte> bytes)
    {
        _carry.Keep(bytes);
        if (!_isBusy)
            _ = ServeAsync();
    }

    async Task ServeAsync()
    {
        _isBusy = true;
        _connection.Pause();
        _connection.WatchesEnd = true;
        try
        {
            // What it does not read is not added to: SHOW CLIENTS is long.
            while (!_isClosed && !_connection.IsBlocked && Next() is (var tag, var body))
                await HandleAsync(tag, body);
        }
        catch (Exception broken)
        {
            _worker.Loop.Report(broken);
            Close(CloseReason.Broken);
        }
        _isBusy = false;
        if (_isClosed || _connection.IsBlocked)
            return;
        _connection.WatchesEnd = false;
        _connection.Resume();
    }

    (byte Tag, byte[] Body)? Next()
    {
        switch (MessageHeader.FromClient(_carry.Bytes, out var header))
        {
            case HeaderRead.Broken:
                Refuse(CloseReason.ClientFailed, SqlState.ProtocolViolation,
                    "this is no message of PostgreSQL's protocol");
                return null;
            case HeaderRead.Whole when header.BodyBytes > MessageBytesMax:
                Refuse(CloseReason.ClientFailed, SqlState.ProgramLimitExceeded,
                    $"a message to the console has {MessageBytesMax} bytes at most");
                return null;
            case HeaderRead.Whole when header.WholeBytes <= _carry.Bytes.Length:
                var body = _carry.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes).ToArray();
                _carry.Drop((int)header.WholeBytes);
                return (header.Tag, body);
            default:
                return null;
        }
    }

    async Task HandleAsync(byte tag, byte[] body)
    {
        if (tag == ClientMessage.Terminate)
        {
            Close(CloseReason.ClientClosed);
        }
        else if (tag == ClientMessage.Query)
        {
            Say(await RunAsync(Text(body)), [], describes: true);
            Ready();
        }
        else if (tag == ClientMessage.Sync)
        {
            _skipsToSync = false;
            Ready();
        }
        else if (!_skipsToSync && tag != ClientMessage.Flush && await ExtendedAsync(tag, body) is { } problem)
        {
            _skipsToSync = true;
            Say(problem, [], describes: false);
        }
    }

    static string Text(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body.TrimEnd((byte)0));

    Task<ConsoleReply> RunAsync(string text) => _console.RunAsync(text, () => _isClosed);

    void Ready() => _connection.Send(
        _console.IsInTransaction ? Messages.Of(ServerMessage.ReadyForQuery, "T"u8) : Messages.Ready);

    void Say(ConsoleReply reply, short[] formats, bool describes)
    {
        switch (reply)
        {
            case ConsoleReply.Table table:
                if (describes)
                    _connection.Send(ConsoleMessages.Description(table.Columns, formats));
                foreach (var row in table.Rows)
                    _connection.Send(ConsoleMessages.Row(table.Columns, row, formats));
                _connection.Send(ConsoleMessages.Complete("SHOW"));
                break;
            case ConsoleReply.Done done:
                if (done.Notice is { } notice)
                    _connection.Send(ConsoleMessages.Notice(notice));
                _connection.Send(ConsoleMessages.Complete(done.Tag));
                break;
            case ConsoleReply.Nothing:
                _connection.Send(ConsoleMessages.Empty);
                break;
            case ConsoleReply.Failed failed:
                _connection.Send(ErrorResponse.Of("ERROR", failed.SqlState, failed.Message));
                break;
        }
    }

    // ---- the extended protocol: enough for drivers that know no other ----

    // The problem; null: it was carried out.
    async Task<ConsoleReply.Failed?> ExtendedAsync(byte tag, byte[] body)
    {
        switch (tag)
        {
            case ClientMessage.Parse:
                return Parse(body);
            case ClientMessage.Bind:
                return Bind(body);
            case ClientMessage.Describe:
                return Describe(body);
            case ClientMessage.Close:
                if (ExtendedQuery.TryTarget(body, out var target, out var name))
                    _ = target == ExtendedTarget.Statement
                        ? _statements.Remove(Text(name)) : _portals.Remove(Text(name));
                _connection.Send(Messages.CloseComplete);
                return null;
            case ClientMessage.Execute when ExtendedQuery.TryExecute(body, out var portal, out _):
                if (!_portals.TryGetValue(Text(portal), out var bound))
                    return new("34000", $"there is no portal \"{Text(portal)}\"");
                var reply = await RunAsync(bound.Text);
                if (reply is ConsoleReply.Failed failed)
                    return failed;
                Say(reply, bound.Formats, describes: false);
                return null;
            default:
                return new(SqlState.ProtocolViolation, $"the console does not take the message '{(char)tag}'");
        }
    }

    ConsoleReply.Failed? Parse(byte[] body)
    {
        if (!ExtendedQuery.TryParse(body, out var name, out var rest))
            return new(SqlState.ProtocolViolation, "a Parse message is broken");
        if (_statements.Count >= NamesMax && !_statements.ContainsKey(Text(name)))
            return new(SqlState.ProgramLimitExceeded, $"the console keeps {NamesMax} statements of a client");
        _statements[Text(name)] = Text(rest[..rest.IndexOf((byte)0)]);
        _connection.Send(Messages.ParseComplete);
        return null;
    }

    ConsoleReply.Failed? Bind(byte[] body)
    {
        if (!ExtendedQuery.TryBind(body, out var portal, out var name, out var rest))
            return new(SqlState.ProtocolViolation, "a Bind message is broken");
        if (!_statements.TryGetValue(Text(name), out var text))
            return new("26000", $"there is no prepared statement \"{Text(name)}\"");
        if (TakeShorts(ref rest) is null || !TryShort(ref rest, out var parameters))
            return new(SqlState.ProtocolViolation, "a Bind message is broken");
        if (parameters != 0)
            return new(SqlState.FeatureNotSupported, "the console's commands take no parameters");
        if (TakeShorts(ref rest) is not { } formats)
            return new(SqlState.ProtocolViolation, "a Bind message is broken");
        if (_portals.Count >= NamesMax && !_portals.ContainsKey(Text(portal)))
            return new(SqlState.ProgramLimitExceeded, $"the console keeps {NamesMax} portals of a client");
        _portals[Text(portal)] = (text, formats);
        _connection.Send(ConsoleMessages.BindComplete);
        return null;
    }

    static short[]? TakeShorts(ref ReadOnlySpan<byte> rest)
    {
        if (!TryShort(ref rest, out var count) || count < 0 || rest.Length < count * sizeof(short))
            return null;
        var values = new short[count];
        for (var i = 0; i < count; i++)
            _ = TryShort(ref rest, out values[i]);
        return values;
    }

    static bool TryShort(ref ReadOnlySpan<byte> rest, out short value)
    {
        if (!BinaryPrimitives.TryReadInt16BigEndian(rest, out value))
            return false;
        rest = rest[sizeof(short)..];
        return true;
    }

    ConsoleReply.Failed? Describe(byte[] body)
    {
        if (!ExtendedQuery.TryTarget(body, out var target, out var name))
            return new(SqlState.ProtocolViolation, "a Describe message is broken");
        var isStatement = target == ExtendedTarget.Statement;
        var (text, formats) = !isStatement ? _portals.GetValueOrDefault(Text(name))
            : (_statements.GetValueOrDefault(Text(name)), []);
        if (text is null)
            return new("26000", $"there is nothing of the name \"{Text(name)}\" to describe");
        if (isStatement)
            _connection.Send(ConsoleMessages.NoParameters);
        _connection.Send(AdminConsole.ColumnsOf(text) is { } columns
            ? ConsoleMessages.Description(columns, formats)
            : ConsoleMessages.NoData);
        return null;
    }

    // ---- the end ----

    public override void OnDrained()
    {
        if (!_isBusy && !_isClosed)
            _ = ServeAsync();
    }

    public override void OnEnded() => Close(CloseReason.ClientClosed);

    /// <summary>Says why, and ends it.</summary>
    public void Refuse(CloseReason reason, string sqlState, string message)
    {
        if (_isClosed)
            return;
        _connection.Send(ErrorResponse.Fatal(sqlState, message));
        _worker.Bid(_connection);
        Close(reason);
    }

    public void Close(CloseReason reason)
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _carry.Clear();
        if (ReferenceEquals(_connection.User, this))
            _connection.Close();
        _ended(reason);
    }
}
