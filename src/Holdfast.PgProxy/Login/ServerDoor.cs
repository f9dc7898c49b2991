using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Login;

/// <summary>A connection to a server up to where its first message may be sent: encrypted, if it is to be (PostgreSQL
/// manual, Message Flow: SSL Session Encryption). On the loop's thread only.</summary>
internal sealed class ServerDoor(EventLoop loop, Server server, ServerTls tls) : IDisposable
{
    /// <summary>SSLRequest: a length and a code.</summary>
    static readonly byte[] s_sslRequest = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

    string? _certificateRefused;
    bool _isShakingHands;

    /// <summary>What the server says.</summary>
    public Inbox Inbox { get; } = new();

    /// <summary>Null before it was tried; once open, closed by whoever opened it.</summary>
    public Connection? Connection { get; private set; }

    /// <summary>What SCRAM may be bound to; null in clear.</summary>
    public byte[]? Binding { get; private set; }

    /// <summary>Its time is up: whoever waits is told that nothing more comes.</summary>
    public void GiveUp()
    {
        Inbox.GiveUp();
        if (_isShakingHands)
            Connection?.Close();
    }

    /// <returns>Null: it is open; else why not. Closed in that case.</returns>
    public async Task<string?> OpenAsync()
    {
        string? why;
        try
        {
            why = await ConnectAsync();
            if (why is null && tls.Mode != ServerTlsMode.Disable)
                why = await EncryptAsync();
        }
        catch (AuthenticationException failed)
        {
            why = $"{server}: TLS: {_certificateRefused ?? failed.InnerException?.Message ?? failed.Message}";
        }
        catch (Exception failed) when (failed is SocketException or IOException)
        {
            why = $"{server}: {failed.Message}";
        }
        if (why is not null)
            Connection?.Close();
        return why;
    }

    async Task<string?> ConnectAsync()
    {
        var address = IPAddress.TryParse(server.Host, out var literal)
            ? literal
            : (await Dns.GetHostAddressesAsync(server.Host))[0];
        var (connection, connected) = Connection.Connect(
            loop, new IPEndPoint(address, server.Port), ProxyLimits.BackendUnackedMs, Inbox);
        (Connection, Inbox.Connection) = (connection, connection);
        var gaveUp = GaveUpAsync();
        if (await Task.WhenAny(connected, gaveUp) == gaveUp)
            return $"{server} does not take connections";
        var error = await connected;
        return error == SocketError.Success ? null : $"{server}: {new SocketException((int)error).Message}";
    }

    // Nothing comes before it is connected.
    async Task GaveUpAsync() => await Inbox.MoreAsync();

    async Task<string?> EncryptAsync()
    {
        Connection!.Send(s_sslRequest);
        while (Inbox.Bytes.IsEmpty)
        {
            if (!await Inbox.MoreAsync())
                return $"{server} did not say whether it talks TLS, or took too long";
        }
        var answer = Inbox.Bytes[0];
        // What came in clear behind the answer may be somebody else's.
        if (Inbox.Bytes.Length > 1)
            return $"{server} said more than whether it talks TLS";
        Inbox.Drop(1);
        if (answer == (byte)'N')
            return tls.Mode == ServerTlsMode.Prefer ? null : $"{server} does not talk TLS, and it is required";
        if (answer != (byte)'S')
            return $"{server} did not say whether it talks TLS";
        _isShakingHands = true;
        var stream = await Connection.SecureAsync(ReadOnlyMemory<byte>.Empty, stream =>
            stream.AuthenticateAsClientAsync(tls.Options(server.Host, why => _certificateRefused = why)));
        _isShakingHands = false;
        Binding = stream.RemoteCertificate is X509Certificate2 shown ? ChannelBinding.Of(shown) : null;
        return null;
    }

    public void Dispose() => Inbox.Dispose();
}
