using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>A server that has let us in.</summary>
/// <param name="Connection">Paused, its user an inbox.</param>
/// <param name="KeyData">For cancel requests: process id and secret.</param>
/// <param name="Reported">Its parameters, in its order.</param>
/// <param name="Rest">What it has said since: mostly nothing.</param>
internal sealed record LoggedIn(
    Connection Connection, byte[] KeyData, IReadOnlyList<KeyValuePair<string, string>> Reported, byte[] Rest);

/// <summary>Logs in to a server as a pool's user (PostgreSQL manual, Message Flow: Start-up). On the loop.</summary>
internal sealed class ServerLogin(EventLoop loop, Server server, PoolKey key, ServerKeys keys, ServerTls tls)
{
    readonly ServerDoor _door = new(loop, server, tls);
    readonly List<KeyValuePair<string, string>> _reported = [];
    LoginRefused? _refused;
    ScramClient? _scram;
    byte[] _keyData = [];
    bool _isIn;

    /// <summary>Its time is up: it ends, refused.</summary>
    public void GiveUp() => _door.GiveUp();

    /// <summary>Exactly one of the two.</summary>
    public async Task<(LoggedIn? In, LoginRefused? Refused)> RunAsync()
    {
        using var door = _door;
        if (await door.OpenAsync() is { } why)
            return (null, new LoginRefused(null, why));
        door.Connection!.Send(Startup());
        await ConverseAsync(door.Inbox);
        if (_refused is null)
            return (new LoggedIn(door.Connection, _keyData, _reported, door.Inbox.Bytes.ToArray()), null);
        door.Connection.Close();
        return (null, _refused);
    }

    byte[] Startup()
    {
        var settings = key.Settings.Length == 0 ? [] : key.Settings.Split('\0')[..^1];
        var values = new List<KeyValuePair<string, string>> { new("user", key.User), new("database", key.Database) };
        for (var i = 0; i + 1 < settings.Length; i += 2)
            values.Add(new(settings[i], settings[i + 1]));
        return StartupParameters.Write(3, 0, values);
    }

    async Task ConverseAsync(Inbox inbox)
    {
        while (!_isIn && _refused is null)
        {
            switch (MessageHeader.FromServer(inbox.Bytes, out var header))
            {
                case HeaderRead.Whole when header.WholeBytes <= inbox.Bytes.Length:
                    Hear(header.Tag, inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes));
                    inbox.Drop((int)header.WholeBytes);
                    break;
                case HeaderRead.Broken:
                    _refused = new LoginRefused(null, $"{server} does not speak PostgreSQL's protocol");
                    break;
                default:
                    if (!await inbox.MoreAsync())
                        _refused = new LoginRefused(null, $"{server} ended the login, or took too long");
                    break;
            }
        }
    }

    void Hear(byte tag, ReadOnlySpan<byte> body)
    {
        switch (tag)
        {
            case ServerMessage.Authentication when body.Length >= sizeof(int):
                Authenticate(BinaryPrimitives.ReadInt32BigEndian(body), body[sizeof(int)..]);
                break;
            case ServerMessage.ParameterStatus when TryPair(body, out var pair):
                _reported.Add(pair);
                if (pair is { Key: "in_hot_standby", Value: "on" } && server.Role == ServerRole.Primary)
                    _refused = new LoginRefused(null, $"{server} says that it is a standby");
                break;
            case ServerMessage.BackendKeyData:
                _keyData = body.ToArray();
                break;
            case ServerMessage.Error:
                _refused = new LoginRefused(
                    ErrorResponse.Field(body, 'C') ?? "", ErrorResponse.Field(body, 'M') ?? $"{server} said no");
                break;
            case ServerMessage.ReadyForQuery:
                _isIn = true;
                break;
        }
    }

    public static bool TryPair(ReadOnlySpan<byte> body, out KeyValuePair<string, string> pair)
    {
        var end = body.IndexOf((byte)0);
        pair = end < 0 || body[^1] != 0 || body.Length < end + 2
            ? default
            : new(Encoding.UTF8.GetString(body[..end]), Encoding.UTF8.GetString(body[(end + 1)..^1]));
        return pair.Key is not null;
    }

    void Authenticate(int kind, ReadOnlySpan<byte> rest)
    {
        switch (kind)
        {
            case 0:
                break;
            case 3 when keys.Password is { } password:
                Answer(Encoding.UTF8.GetBytes(password.Text + "\0"));
                break;
            case 5 when keys.Md5 is { } stored && rest.Length >= Md5Password.SaltBytes:
                Answer(Encoding.ASCII.GetBytes(Md5Password.Answer(stored, rest[..Md5Password.SaltBytes]) + "\0"));
                break;
            case 10 when Scram(rest) is { } scram:
                _scram = scram;
                Answer(FirstOf(scram));
                break;
            case 11 when _scram?.Prove(rest) is { } proof:
                Answer(Encoding.UTF8.GetBytes(proof));
                break;
            case 12 when _scram is { } scram && scram.IsProvedBy(rest):
                break;
            default:
                _refused = new LoginRefused("28000", kind is 3 or 5 or 10
                    ? $"the proxy has no password of user \"{key.User}\" for {server}"
                    : $"{server} wants an authentication that the proxy does not know ({kind})");
                break;
        }
    }

    // Keys are good for one salt alone: the server's own is known to fit only where its secret was shown to us.
    ScramClient? Scram(ReadOnlySpan<byte> mechanisms)
    {
        var offered = Encoding.ASCII.GetString(mechanisms).Split('\0');
        var binding = offered.Contains(ScramServer.NamePlus, StringComparer.Ordinal) ? _door.Binding : null;
        return keys.Password is { } password ? new ScramClient(password, binding)
            : keys.Scram is { } shown ? new ScramClient(shown, binding) : null;
    }

    static byte[] FirstOf(ScramClient scram)
    {
        var first = Encoding.UTF8.GetBytes(scram.Begin());
        var body = new List<byte>(Encoding.ASCII.GetBytes(scram.Mechanism + "\0"));
        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, first.Length);
        body.AddRange(length);
        body.AddRange(first);
        return [.. body];
    }

    void Answer(ReadOnlySpan<byte> body) => _door.Connection!.Send(Messages.Of(ClientMessage.Password, body));
}
