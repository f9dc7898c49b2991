using System.Text;
using Holdfast.Doubles.PgProxy;
using Holdfast.Postgres.Wire;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>What one session of <see cref="ParsingPostgres"/> answers.</summary>
/// <param name="mutation">Null: what is right.</param>
sealed class ParsedAnswers(Mutation? mutation)
{
    /// <summary>A value that no setting takes here.</summary>
    public const string Refused = "!";

    /// <summary>In a simple statement: it is the last one that the server reads.</summary>
    public const string Dies = "/* die */";

    const int TextBytesMax = 200;

    static readonly byte[] s_row = FakePostgres.Message(
        'T', [0, 1, (byte)'t', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0]);

    static readonly string[] s_kept =
    [
        "client_encoding", "DateStyle", "TimeZone", "IntervalStyle", "standard_conforming_strings", "application_name",
    ];

    readonly List<byte> _answers = [];
    readonly Dictionary<string, byte[]> _statements = new(StringComparer.Ordinal);
    readonly Dictionary<string, byte[]> _portals = new(StringComparer.Ordinal);
    byte _status = (byte)'I';
    bool _skips, _isDead;

    /// <summary>A Sync, a Flush or a simple message was there.</summary>
    public bool IsDue { get; private set; }

    public static byte[] Welcome { get; } =
    [
        .. FakePostgres.Message('R', [0, 0, 0, 0]),
        .. Status("client_encoding", "UTF8"), .. Status("DateStyle", "ISO, MDY"), .. Status("TimeZone", "UTC"),
        .. Status("IntervalStyle", "postgres"), .. Status("standard_conforming_strings", "on"),
        .. Status("application_name", ""), .. Status("server_version", "15.0"), .. Status("in_hot_standby", "off"),
        .. FakePostgres.Message('K', [0, 0, 0, 1, 0, 0, 0, 2]),
        .. FakePostgres.Message('Z', "I"u8),
    ];

    static byte[] Status(string name, string value) =>
        FakePostgres.Message('S', Encoding.ASCII.GetBytes($"{name}\0{value}\0"));

    /// <param name="tag">Of a client's message.</param>
    /// <param name="body">Whole, or nothing of it.</param>
    /// <param name="isLong">It was too long to be kept: taken for broken.</param>
    public void Take(byte tag, ReadOnlySpan<byte> body, bool isLong)
    {
        switch (tag)
        {
            case ClientMessage.Sync:
                _skips = false;
                Ready();
                return;
            case ClientMessage.Flush:
                IsDue = true;
                return;
            case ClientMessage.CopyData or ClientMessage.CopyDone or ClientMessage.CopyFail:
                return;
        }
        if (_skips)
            return;
        if (tag == ClientMessage.Query)
            Query(body, isLong);
        else if (tag == ClientMessage.FunctionCall)
            Say('V', [0xff, 0xff, 0xff, 0xff], isReady: true);
        else if (isLong || !TryExtended(tag, body))
            Fail();
    }

    public byte[] Flush()
    {
        IsDue = false;
        byte[] answers = [.. _answers];
        _answers.Clear();
        return _isDead ? [] : mutation?.OfAnswer(answers) ?? answers;
    }

    void Query(ReadOnlySpan<byte> body, bool isLong)
    {
        if (isLong || body.IsEmpty || body[^1] != 0)
            _answers.AddRange(ErrorResponse.Of("ERROR", "08P01", "a statement that is broken"));
        else
            Run(Encoding.UTF8.GetString(body[..body.IndexOf((byte)0)]), isSimple: true);
        Ready();
    }

    void Run(string sql, bool isSimple)
    {
        _isDead |= isSimple && sql.Contains(Dies, StringComparison.Ordinal);
        if (sql.StartsWith('!') || sql.Contains($"'{Refused}'", StringComparison.Ordinal))
            _answers.AddRange(ErrorResponse.Of("ERROR", "22012", "as you wish"));
        else if (sql.StartsWith("SET ", StringComparison.OrdinalIgnoreCase))
            Set(sql);
        else if (sql.StartsWith("BEGIN", StringComparison.OrdinalIgnoreCase))
            Told("BEGIN", (byte)'T');
        else if (sql.StartsWith("COMMIT", StringComparison.OrdinalIgnoreCase))
            Told("COMMIT", (byte)'I');
        else if (sql.StartsWith("DISCARD ALL", StringComparison.OrdinalIgnoreCase))
            Told("DISCARD ALL", (byte)'I');
        else
            Row(sql, isSimple);
    }

    void Row(string sql, bool isSimple)
    {
        var text = Encoding.UTF8.GetBytes(sql);
        text = text[..Math.Min(text.Length, TextBytesMax)];
        if (isSimple)
            _answers.AddRange(s_row);
        _answers.AddRange(FakePostgres.Message('D', [0, 1, 0, 0, 0, (byte)text.Length, .. text]));
        Told("SELECT 1", _status);
    }

    // One after the other, as the proxy sets them; other settings are nobody's here.
    void Set(string sql)
    {
        foreach (var one in sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (one.StartsWith("SET ", StringComparison.OrdinalIgnoreCase)
                && one["SET ".Length..].Split([" = ", " TO "], 2, StringSplitOptions.None) is [var name, var value]
                && s_kept.Contains(name, StringComparer.OrdinalIgnoreCase))
                _answers.AddRange(Status(name, value.Trim('\'').Replace("''", "'", StringComparison.Ordinal)));
            Told("SET", _status);
        }
    }

    bool TryExtended(byte tag, ReadOnlySpan<byte> body)
    {
        switch (tag)
        {
            case ClientMessage.Parse when ExtendedQuery.TryParse(body, out var statement, out var rest):
                _statements[Name(statement)] = rest[..rest.IndexOf((byte)0)].ToArray();
                return Say('1', []);
            case ClientMessage.Bind when ExtendedQuery.TryBind(body, out var portal, out var statement, out _)
                && _statements.TryGetValue(Name(statement), out var text):
                _portals[Name(portal)] = text;
                return Say('2', []);
            case ClientMessage.Describe when ExtendedQuery.TryTarget(body, out var target, out var name)
                && (target == ExtendedTarget.Portal ? _portals : _statements).ContainsKey(Name(name)):
                if (target == ExtendedTarget.Statement)
                    Say('t', [0, 0]);
                _answers.AddRange(s_row);
                return true;
            case ClientMessage.Execute when ExtendedQuery.TryExecute(body, out var portal, out _)
                && _portals.TryGetValue(Name(portal), out var sql):
                Run(Encoding.UTF8.GetString(sql), isSimple: false);
                _skips = sql.AsSpan().StartsWith("!"u8);
                return true;
            case ClientMessage.Close when ExtendedQuery.TryTarget(body, out var target, out var name):
                (target == ExtendedTarget.Portal ? _portals : _statements).Remove(Name(name));
                return Say('3', []);
            default:
                return false;
        }
    }

    static string Name(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name);

    void Fail()
    {
        _answers.AddRange(ErrorResponse.Of("ERROR", "26000", "no such thing, or a message that is broken"));
        _skips = true;
    }

    bool Say(char tag, ReadOnlySpan<byte> body, bool isReady = false)
    {
        _answers.AddRange(FakePostgres.Message(tag, body));
        if (isReady)
            Ready();
        return true;
    }

    void Told(string command, byte status)
    {
        Say('C', Encoding.ASCII.GetBytes(command + "\0"));
        _status = status;
    }

    void Ready()
    {
        if (_status == (byte)'I')
            _portals.Clear();
        Say('Z', [_status]);
        IsDue = true;
    }
}
