using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Frontend;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>
/// A client from its first byte until it has a session (PostgreSQL manual, Message Flow: Start-up). Begins on the loop
/// that took the connection and ends on the one that has the client's pool.
/// </summary>
internal sealed class ClientLogin
{
    /// <summary>GSSENCRequest, SSLRequest and the startup message: a client sends each once at most.</summary>
    const int PacketsMax = 3;

    const int NewestMinor = 2;
    const byte TlsHandshake = 0x16;
    const int AskMd5 = 5, AskSasl = 10, SaslContinue = 11, SaslFinal = 12;

    readonly Port _port;
    readonly Connection _connection;
    readonly IPEndPoint _from;
    readonly Access _access;
    readonly Inbox _inbox = new();
    Worker _worker;
    bool _isSecure;
    ServerKeys _keys = ServerKeys.None;
    SharedPool? _pool;

    public ClientLogin(Worker worker, Port port, int socket, IPEndPoint from)
    {
        (_worker, _port, _from, _access) = (worker, port, from, worker.Plane.Access);
        _connection = new Connection(worker.Loop, socket, _inbox);
        _inbox.Connection = _connection;
    }

    PooledProxy Plane => _worker.Plane;

    /// <summary>Never throws. The session, if there is one, goes on by itself.</summary>
    /// <param name="turnedAway">Why it may not come in, decided before a word was said; null: it is welcome.</param>
    public async Task RunAsync(Refusal? turnedAway)
    {
        _worker.Counts.Accepted++;
        var (startups, limit) = (_worker.Startups, _worker.Startups.Add(GiveUp));
        var reason = CloseReason.StartupBroken;
        try
        {
            var (startup, ended) = await StartupAsync();
            reason = startup is null ? ended
                : turnedAway is not null ? Refuse(turnedAway)
                : await AdmitAsync(startup);
            startups.Met(limit);
            if (_connection.IsClosed)
            {
                reason = CloseReason.StartupTimeout;
            }
            else if (startup is not null && reason == CloseReason.None)
            {
                reason = await EnterAsync(startup);
            }
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException)
        {
            Plane.Log.Refused(_port, _from, $"TLS: {failed.Message}");
        }
        catch (Exception failed)
        {
            Plane.Log.Broken(_port, _from, failed);
            reason = CloseReason.Broken;
        }
        _inbox.Dispose();
        if (reason == CloseReason.None)
            return;
        if (ReferenceEquals(_connection.User, _inbox))
            _connection.Close();
        Plane.Ended(_port, _from, reason);
    }

    // None: it has its session.
    async Task<CloseReason> EnterAsync(StartupParameters startup)
    {
        if (_pool is null)
        {
            ConsoleSession.Begin(_worker, _port, _connection, startup.User, _inbox.Bytes.ToArray(), ended =>
                Plane.Ended(_port, _from, ended));
            return CloseReason.None;
        }
        // From here on we are on its pool's loop.
        await new Crossing(_connection, this, Plane.Workers[_pool.LoopForClient()]);
        return await BeginAsync(startup, _pool);
    }

    // A handshake ends with its connection.
    void GiveUp()
    {
        _inbox.GiveUp();
        if (!_isSecure)
            _connection.Close();
    }

    /// <summary>Awaited on one loop, goes on on another.</summary>
    readonly struct Crossing(Connection connection, ClientLogin login, Worker to) : INotifyCompletion
    {
        public Crossing GetAwaiter() => this;
        public bool IsCompleted => login._worker == to;
        public void GetResult() => login._worker = to;
        public void OnCompleted(Action continuation) => connection.MoveTo(to.Loop, continuation);
    }

    // ---- the untagged packets ----

    async Task<(StartupParameters? Parameters, CloseReason Ended)> StartupAsync()
    {
        for (var packets = 0; packets < PacketsMax; packets++)
        {
            StartupPacket packet;
            StartupRead read;
            if (packets == 0 && await IsTlsAsync() && !await BeginsWithTlsAsync())
                return (null, CloseReason.StartupBroken);
            while ((read = StartupPacket.Read(_inbox.Bytes, out packet)) == StartupRead.NeedMore)
            {
                if (!await _inbox.MoreAsync())
                    return (null, packets == 0 && _inbox.Bytes.IsEmpty
                        ? CloseReason.ClientSilent : CloseReason.ClientClosed);
            }
            if (read == StartupRead.Broken)
                return (null, CloseReason.StartupBroken);
            var bytes = _inbox.Bytes[..packet.Bytes].ToArray();
            _inbox.Drop(packet.Bytes);
            switch (packet.Kind)
            {
                case StartupKind.SslRequest when _access.Tls is not null && !_isSecure:
                    // What came in clear behind the request may be somebody else's.
                    if (!_inbox.Bytes.IsEmpty)
                        return (null, CloseReason.StartupBroken);
                    _connection.Send("S"u8);
                    await SecureAsync(_access.Tls, ReadOnlyMemory<byte>.Empty);
                    break;
                case StartupKind.CancelRequest:
                    Plane.Cancel(bytes);
                    return (null, CloseReason.CancelForwarded);
                case StartupKind.Startup:
                    return (StartupParameters.Read(bytes), CloseReason.StartupBroken);
                default:
                    _connection.Send("N"u8);
                    break;
            }
        }
        return (null, CloseReason.StartupBroken);
    }

    // A client may begin with TLS at once, since PostgreSQL 17.
    async Task<bool> IsTlsAsync() =>
        _access.Tls is not null && (!_inbox.Bytes.IsEmpty || await _inbox.MoreAsync())
        && _inbox.Bytes[0] == TlsHandshake;

    async Task<bool> BeginsWithTlsAsync()
    {
        var first = _inbox.Bytes.ToArray();
        _inbox.Drop(first.Length);
        return await SecureAsync(_access.Tls!, first) == ClientTls.Protocol;
    }

    async Task<SslApplicationProtocol> SecureAsync(ClientTls tls, ReadOnlyMemory<byte> first)
    {
        var stream = await _connection.SecureAsync(
            first, stream => stream.AuthenticateAsServerAsync(tls.Options()));
        _isSecure = true;
        return stream.NegotiatedApplicationProtocol;
    }

    // ---- who it is, and where it belongs ----

    // None: it is who it says.
    async Task<CloseReason> AdmitAsync(StartupParameters startup)
    {
        if (WhyNot(startup) is { } refusal)
            return Refuse(refusal);
        if (_access.Tls is { IsRequired: true } && !_isSecure)
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.InvalidAuthorization,
                "the proxy takes encrypted connections alone (SSL)"));
        var unknown = startup.Extensions.ToArray();
        if (startup.Minor > NewestMinor || unknown.Length > 0)
            _connection.Send(Messages.Negotiate(Math.Min(startup.Minor, NewestMinor), unknown));
        if (await WhoIsItAsync(startup.User) is not CloseReason.None and var ended)
            return ended;
        if (ConsoleSession.WhyNot(Plane, startup.Database, startup.User) is { } closed)
            return Refuse(closed);
        if (Plane.Settings.Console.IsConsole(startup.Database, startup.User))
            return CloseReason.None;
        _pool = Plane.PoolFor(KeyOf(startup, _port));
        if (_pool is null)
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.TooManyConnections,
                $"the proxy has {ProxyLimits.PoolsMax} kinds of clients already"));
        _pool.Keys = _keys == ServerKeys.None ? _pool.Keys : _keys;
        return CloseReason.None;
    }

    async Task<CloseReason> BeginAsync(StartupParameters startup, SharedPool shared)
    {
        var loop = _worker.Loop.Number;
        shared.ClientCame(loop);
        if (await _worker.PoolFor(shared).WelcomeAsync() is not { } nobody)
        {
            Begin(startup, shared);
            return CloseReason.None;
        }
        shared.ClientWent(loop);
        return Refuse(new Refusal(
            nobody.IsForNow ? CloseReason.HoldTimeout : CloseReason.LoginRefused,
            nobody.SqlState ?? SqlState.CannotConnectNow, nobody.Why));
    }

    static Refusal? WhyNot(StartupParameters startup) => startup switch
    {
        { Major: not 3 } => new(CloseReason.LoginRefused, SqlState.FeatureNotSupported,
            $"unsupported frontend protocol {startup.Major}.{startup.Minor}: the proxy speaks 3.0 to 3.{NewestMinor}"),
        { User.Length: 0 } => new(CloseReason.LoginRefused, SqlState.InvalidAuthorization,
            "no PostgreSQL user name specified in startup packet"),
        { IsReplication: true } => new(CloseReason.LoginRefused, SqlState.FeatureNotSupported,
            "a replication connection is not pooled: connect to PostgreSQL itself"),
        _ => null,
    };

    static PoolKey KeyOf(StartupParameters startup, Port port)
    {
        var settings = startup.Settings.Where(setting => ParameterSet.SlotOf(setting.Key) < 0);
        return new PoolKey(port, startup.Database, startup.User,
            string.Concat(settings.Select(setting => $"{setting.Key}\0{setting.Value}\0")));
    }

    void Begin(StartupParameters startup, SharedPool shared)
    {
        var welcome = shared.Welcome!;
        var parameters = welcome.Parameters;
        foreach (var (name, value) in startup.Settings)
        {
            if (ParameterSet.SlotOf(name) is >= 0 and var slot)
                parameters = parameters.With(slot, value);
        }
        var worker = _worker;
        var key = Plane.NewKey();
        ClientSession? session = null;
        session = new ClientSession(worker.PoolFor(shared), _connection, worker.Parameters.Same(parameters), reason =>
        {
            Plane.Forget(key);
            worker.Clients.Remove(session!);
            shared.ClientWent(worker.Loop.Number);
            Plane.Ended(_port, _from, reason);
        });
        session.Card = new ClientCard(_from, _connection.Local, worker.Loop.Now, key.Process, _isSecure);
        Plane.Remember(key, worker, session);
        worker.Clients.Add(session);
        _connection.Send((byte[])[
            .. Messages.AuthenticationOk, .. welcome.For(parameters), .. Messages.KeyData(key.Process, key.Secret),
            .. Messages.Ready]);
        var early = _inbox.Bytes.ToArray();
        _connection.Resume();
        if (early.Length > 0)
            session.OnBytes(early);
    }

    // ---- passwords ----

    // None: it is who it says.
    async Task<CloseReason> WhoIsItAsync(string user)
    {
        UserSecret? secret;
        try
        {
            secret = await _access.Users.FindAsync(user, CancellationToken.None);
        }
        catch (IOException nobody)
        {
            return Refuse(new Refusal(CloseReason.HoldTimeout, SqlState.CannotConnectNow, nobody.Message));
        }
        var isRight = !Plane.Pools.AsksPassword ? true
            : secret is { Scram: null, Md5: { } stored } ? await Md5Async(stored)
            // Nobody learns from the questions who exists.
            : await ScramAsync(secret?.Scram ?? Plane.NobodysSecret);
        if (isRight is null)
            return CloseReason.ClientClosed;
        if (isRight == false || (secret is null && Plane.Pools.AsksPassword))
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.InvalidPassword,
                $"password authentication failed for user \"{user}\""));
        _keys = _keys with { Password = secret?.Password, Md5 = secret?.Md5 };
        return CloseReason.None;
    }

    // Null: the client went.
    async Task<bool?> Md5Async(string stored)
    {
        var salt = RandomNumberGenerator.GetBytes(Md5Password.SaltBytes);
        _connection.Send(Messages.Authentication(AskMd5, salt));
        return await PasswordAsync() is not { } answer
            ? null
            : CryptographicOperations.FixedTimeEquals(
                answer.AsSpan().TrimEnd((byte)0), Encoding.ASCII.GetBytes(Md5Password.Answer(stored, salt)));
    }

    async Task<bool?> ScramAsync(ScramSecret secret)
    {
        var binding = _isSecure ? _access.Tls!.Binding : null;
        var scram = new ScramServer(secret, binding);
        _connection.Send(Messages.Authentication(AskSasl, Encoding.ASCII.GetBytes(
            binding is null ? $"{ScramServer.Name}\0\0" : $"{ScramServer.NamePlus}\0{ScramServer.Name}\0\0")));
        if (await PasswordAsync() is not { } first)
            return null;
        // Mechanism, zero, length of the rest, the rest.
        var end = Array.IndexOf(first, (byte)0);
        if (end < 0 || first.Length < end + 1 + sizeof(int)
            || BinaryPrimitives.ReadInt32BigEndian(first.AsSpan(end + 1)) != first.Length - end - 1 - sizeof(int)
            || scram.Begin(Encoding.ASCII.GetString(first, 0, end), first.AsSpan(end + 1 + sizeof(int)))
                is not { } asked)
            return false;
        _connection.Send(Messages.Authentication(SaslContinue, Encoding.ASCII.GetBytes(asked)));
        if (await PasswordAsync() is not { } proof)
            return null;
        if (scram.Finish(proof) is not { } final)
            return false;
        _connection.Send(Messages.Authentication(SaslFinal, Encoding.ASCII.GetBytes(final)));
        _keys = _keys with { Scram = scram.Keys };
        return true;
    }

    async Task<byte[]?> PasswordAsync()
    {
        while (true)
        {
            switch (MessageHeader.FromClient(_inbox.Bytes, out var header))
            {
                case HeaderRead.Whole when header.Tag != ClientMessage.Password:
                case HeaderRead.Broken:
                    return null;
                case HeaderRead.Whole when header.WholeBytes <= _inbox.Bytes.Length:
                    var body = _inbox.Bytes.Slice(MessageHeader.Bytes, header.BodyBytes).ToArray();
                    _inbox.Drop((int)header.WholeBytes);
                    return body;
            }
            if (!await _inbox.MoreAsync())
                return null;
        }
    }

    CloseReason Refuse(Refusal refusal)
    {
        Plane.Log.Refused(_port, _from, refusal.Message);
        _connection.Send(ErrorResponse.Fatal(refusal.SqlState, refusal.Message));
        _worker.Bid(_connection);
        return refusal.Reason;
    }
}
