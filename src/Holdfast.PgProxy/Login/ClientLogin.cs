using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Frontend;
using Holdfast.PgProxy.Login.Hba;
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

    readonly Port _port;
    readonly Connection _connection;
    readonly IPEndPoint _from;
    readonly Access _access;
    readonly Inbox _inbox = new();
    Worker _worker;
    bool _isSecure;
    ServerKeys _keys = ServerKeys.None;
    SharedPool? _pool;
    X509Certificate2? _shown;
    LinkedListNode<(TimeSpan At, Action Missed)>? _limit;
    KnownStartup? _startup;

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
        _limit = _worker.Startups.Add(GiveUp);
        var reason = CloseReason.None;
        try
        {
            // Here, and not in a method of its own, which would be kept for each client that waits.
            for (var packets = 0; packets < PacketsMax && _startup is null && reason == CloseReason.None; packets++)
            {
                StartupRead read;
                StartupPacket packet;
                while ((read = StartupPacket.Read(_inbox.Bytes, out packet)) == StartupRead.NeedMore
                    && await _inbox.MoreAsync())
                {
                }
                reason = read == StartupRead.Whole
                    ? await TakeAsync(packet)
                    : await WithoutPacketAsync(read, isFirst: packets == 0);
            }
            reason = await DecideAsync(reason, turnedAway);
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException)
        {
            Plane.Log.Refused(_port, _from, $"TLS: {failed.Message}");
            reason = CloseReason.StartupBroken;
        }
        catch (Exception failed)
        {
            Plane.Log.Broken(_port, _from, failed);
            reason = CloseReason.Broken;
        }
        _inbox.Dispose();
        if (reason != CloseReason.None)
            End(reason);
    }

    void End(CloseReason reason)
    {
        if (_pool is not null)
            Plane.Directory.Leave(_pool);
        if (ReferenceEquals(_connection.User, _inbox))
            _connection.Close();
        Plane.Ended(_port, _from, reason);
    }

    // The startup is read, or there is none. None: it has its session.
    async ValueTask<CloseReason> DecideAsync(CloseReason reason, Refusal? turnedAway)
    {
        if (_startup is { Parameters: var startup })
            reason = turnedAway is null ? await AdmitAsync(startup) : Refuse(turnedAway);
        else if (reason == CloseReason.None)
            reason = CloseReason.StartupBroken;
        _worker.Startups.Met(_limit!);
        return _connection.IsClosed ? CloseReason.StartupTimeout
            : reason == CloseReason.None ? await EnterAsync()
            : reason;
    }

    // None: it has its session.
    async ValueTask<CloseReason> EnterAsync()
    {
        if (_pool is not { } shared)
        {
            var user = _startup!.Parameters.User;
            ConsoleSession.Begin(_worker, _port, _connection, user, _inbox.Bytes.ToArray(), ended =>
                Plane.Ended(_port, _from, ended));
            return CloseReason.None;
        }
        await new Crossing(_connection, this, Plane.Workers[shared.LoopForClient()]);
        // From here on we are on its pool's loop.
        var loop = _worker.Loop.Number;
        if (shared.WhyNoClient(loop) is { } full)
            return Refuse(new Refusal(CloseReason.TooManyClients, SqlState.TooManyConnections, full));
        if (await _worker.PoolFor(shared).WelcomeAsync() is not { } nobody)
        {
            Begin(shared);
            return CloseReason.None;
        }
        shared.ClientWent(loop);
        return Refuse(new Refusal(
            nobody.IsForNow ? CloseReason.HoldTimeout : CloseReason.LoginRefused,
            nobody.SqlState ?? SqlState.CannotConnectNow, nobody.Why));
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

    // None: it goes on, with the next packet if that was not the startup.
    async ValueTask<CloseReason> TakeAsync(StartupPacket packet)
    {
        // There until more comes.
        var bytes = _inbox.Bytes[..packet.Bytes];
        _inbox.Drop(packet.Bytes);
        switch (packet.Kind)
        {
            case StartupKind.SslRequest when _access.Tls is not null && !_isSecure:
                // What came in clear behind the request may be somebody else's.
                if (!_inbox.Bytes.IsEmpty)
                    return CloseReason.StartupBroken;
                _connection.SendAtOnce("S"u8);
                await SecureAsync(_access.Tls, ReadOnlyMemory<byte>.Empty);
                return CloseReason.None;
            case StartupKind.CancelRequest:
                await Plane.CancelAsync(_worker.Loop, bytes.ToArray());
                return CloseReason.CancelForwarded;
            case StartupKind.Startup:
                _startup = _worker.KnownStartups.Read(bytes, _access.IgnoreStartupParameters);
                return _startup is null ? CloseReason.StartupBroken : CloseReason.None;
            default:
                _connection.SendAtOnce("N"u8);
                return CloseReason.None;
        }
    }

    // A client may begin with TLS at once, since PostgreSQL 17: that is no packet, but its turn is counted as one.
    async ValueTask<CloseReason> WithoutPacketAsync(StartupRead read, bool isFirst)
    {
        var first = _inbox.Bytes.ToArray();
        if (read == StartupRead.NeedMore)
            return isFirst && first.Length == 0 ? CloseReason.ClientSilent : CloseReason.ClientClosed;
        if (_access.Tls is not { } tls || !isFirst || first[0] != TlsHandshake)
            return CloseReason.StartupBroken;
        _inbox.Drop(first.Length);
        return await SecureAsync(tls, first) == ClientTls.Protocol ? CloseReason.None : CloseReason.StartupBroken;
    }

    async Task<SslApplicationProtocol> SecureAsync(ClientTls tls, ReadOnlyMemory<byte> first)
    {
        var stream = await _connection.SecureAsync(
            first, stream => stream.AuthenticateAsServerAsync(tls.Options(isAsked: _access.Hba is not null)));
        _isSecure = true;
        _shown = stream.RemoteCertificate as X509Certificate2;
        return stream.NegotiatedApplicationProtocol;
    }

    // ---- who it is, and where it belongs ----

    // None: it is who it says.
    async ValueTask<CloseReason> AdmitAsync(StartupParameters startup)
    {
        if (WhyNot(startup) is { } refusal)
            return Refuse(refusal);
        if (_access.Tls is { IsRequired: true } && !_isSecure)
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.InvalidAuthorization,
                "the proxy takes encrypted connections alone (SSL)"));
        if (startup.Minor > NewestMinor || !_startup!.Extensions.IsEmpty)
            _connection.Send(Messages.Negotiate(Math.Min(startup.Minor, NewestMinor), _startup!.Extensions));
        if (await WhoIsItAsync(startup) is not CloseReason.None and var ended)
            return ended;
        if (ConsoleSession.WhyNot(Plane, startup.Database, startup.User) is { } closed)
            return Refuse(closed);
        if (Plane.Settings.Console.IsConsole(startup.Database, startup.User))
            return CloseReason.None;
        _pool = Plane.Directory.Enter(
            new PoolKey(_port, startup.Database, startup.User, _startup.ServerSettings));
        if (_pool is null)
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.TooManyConnections,
                $"the proxy has {ProxyLimits.PoolsMax} kinds of clients already"));
        _pool.Keys = _keys == ServerKeys.None ? _pool.Keys : _keys;
        return CloseReason.None;
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

    // What the client wants of those that the proxy keeps for it.
    ParameterSet Wanted(ParameterSet server)
    {
        var wanted = _startup!.Wanted(server);
        if (!_access.ApplicationNameAddHost)
            return wanted;
        var from = _from.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(_from.Address.MapToIPv4(), _from.Port) : _from;
        var named = _startup.Application is { Length: > 0 } given ? given : "app";
        return wanted.With(ParameterSet.SlotOf("application_name"), $"{named} - {from}");
    }

    void Begin(SharedPool shared)
    {
        var welcome = shared.Welcome!;
        var parameters = Wanted(welcome.Parameters);
        // What the session's end needs, and no more of a login that is over: it is kept for each client.
        var (worker, plane, port, from) = (_worker, Plane, _port, _from);
        var key = plane.NewKey();
        ClientSession? session = null;
        session = new ClientSession(worker.PoolFor(shared), _connection, worker.Parameters.Same(parameters), reason =>
        {
            plane.Forget(key);
            worker.Clients.Remove(session!);
            shared.ClientWent(worker.Loop.Number);
            plane.Directory.Leave(shared);
            plane.Ended(port, from, reason);
        });
        session.Card = new ClientCard(_from, worker.Loop.Now, key.Process, _isSecure);
        plane.Remember(key, worker, session);
        worker.Clients.Add(session);
        _connection.SendAtOnce(Messages.Together(
            welcome.For(parameters), Messages.KeyData(key.Process, key.Secret), Messages.Ready));
        var early = _inbox.Bytes.ToArray();
        _connection.Resume();
        if (early.Length > 0)
            session.OnBytes(early);
    }

    // ---- who it is ----

    // None: it is who it says.
    async ValueTask<CloseReason> WhoIsItAsync(StartupParameters startup)
    {
        var user = startup.User;
        var verdict = _access.Hba?.Decide(new HbaRequest(_from.Address, user, startup.Database, _isSecure));
        if ((verdict?.Method == HbaMethod.Reject ? verdict.Why : WhyNotCertified(verdict, user)) is { } why)
            return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.InvalidAuthorization, why));
        var asks = verdict is null ? Plane.Pools.AsksPassword
            : verdict.Method is not (HbaMethod.Trust or HbaMethod.Cert);
        UserSecret? secret;
        try
        {
            secret = await SecretAsync(user, asks);
        }
        catch (IOException nobody)
        {
            Plane.Log.Refused(_port, _from, nobody.Message);
            return Refuse(new Refusal(CloseReason.HoldTimeout, SqlState.CannotConnectNow,
                "the proxy can't look up who may log in: try again later"));
        }
        return asks ? await ProveAsync(user, secret, verdict?.Method) : Believe(secret, ServerKeys.None);
    }

    CloseReason Believe(UserSecret? secret, ServerKeys shown)
    {
        _keys = secret is null ? shown
            : shown with { Password = secret.Password ?? shown.Password, Md5 = secret.Md5 ?? shown.Md5 };
        return CloseReason.None;
    }

    async ValueTask<CloseReason> ProveAsync(string user, UserSecret? secret, HbaMethod? method)
    {
        var proof = new ClientProof(_connection, _inbox, _isSecure ? _access.Tls!.Binding : null);
        var outcome = await AskAsync(proof, method, user, secret);
        if (outcome == ProofOutcome.Gone)
            return CloseReason.ClientClosed;
        if (outcome == ProofOutcome.Malformed)
            return Refuse(new Refusal(
                CloseReason.LoginRefused, SqlState.ProtocolViolation, "expected a password response"));
        if (outcome == ProofOutcome.Right && secret is not null)
            return Believe(secret, proof.Keys);
        Plane.Doubt(user);
        return Refuse(new Refusal(CloseReason.LoginRefused, SqlState.InvalidPassword,
            $"password authentication failed for user \"{user}\""));
    }

    // In PostgreSQL's words; null: nothing is asked for, or it was shown.
    string? WhyNotCertified(HbaVerdict? verdict, string user)
    {
        if (verdict is null or { Certificate: HbaCertificate.NotAsked })
            return null;
        if (_shown is null)
            return "connection requires a valid client certificate";
        return verdict.Certificate == HbaCertificate.VerifyCa
            || string.Equals(ClientTls.CommonName(_shown), user, StringComparison.Ordinal)
                ? null
                : $"certificate authentication failed for user \"{user}\"";
    }

    async ValueTask<UserSecret?> SecretAsync(string user, bool asks)
    {
        if (await _access.Users.FindAsync(user, CancellationToken.None) is { } listed)
            return listed;
        if (!asks || _access.AuthQuery is null)
            return null;
        // The time that this takes is not the client's.
        _worker.Startups.Met(_limit!);
        var found = await Plane.AuthQueryOf(_port).FindAsync(user, CancellationToken.None);
        _limit = _worker.Startups.Add(GiveUp);
        return found;
    }

    // Nobody learns from the questions who exists.
    Task<ProofOutcome> AskAsync(ClientProof proof, HbaMethod? method, string user, UserSecret? secret)
    {
        var known = secret ?? Plane.Nobody.Secret(user);
        var asksMd5 = method == HbaMethod.Md5 && (secret is not null || _access.AuthQuery is null);
        return method == HbaMethod.Password ? proof.ClearAsync(user, known)
            : known.Md5 is { } stored && (asksMd5 || (method is null && known.Scram is null))
                ? proof.Md5Async(stored)
                : proof.ScramAsync(known.Scram ?? Plane.Nobody.Secret(user).Scram!);
    }

    CloseReason Refuse(Refusal refusal)
    {
        Plane.Log.Refused(_port, _from, refusal.Message);
        _connection.Send(ErrorResponse.Fatal(refusal.SqlState, refusal.Message));
        _worker.Bid(_connection);
        return refusal.Reason;
    }
}
