using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Somebody in the middle: takes TLS with a certificate of its own, and passes all on to a real server over
/// another TLS. Channel binding is what tells.</summary>
sealed class TlsFront : IAsyncDisposable
{
    static readonly byte[] s_sslRequest = RawClient.Request(80877103);

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly X509Certificate2 _certificate = Certificate.SelfSigned("middle").ToX509();
    readonly int _server;
    readonly Task _accepting;
    int _passed;

    public TlsFront(int server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that it has passed on.</summary>
    public int Passed => Volatile.Read(ref _passed);

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await ServeAsync(client);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException)
        {
            // Disposed.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        try
        {
            var front = client.GetStream();
            await front.ReadExactlyAsync(new byte[s_sslRequest.Length], _stop.Token);
            await front.WriteAsync("S"u8.ToArray(), _stop.Token);
            await using var toClient = new SslStream(front);
            await toClient.AuthenticateAsServerAsync(_certificate);
            using var behind = new TcpClient();
            await behind.ConnectAsync(IPAddress.Loopback, _server, _stop.Token);
            await behind.GetStream().WriteAsync(s_sslRequest, _stop.Token);
            await behind.GetStream().ReadExactlyAsync(new byte[1], _stop.Token);
            await using var toServer = new SslStream(behind.GetStream(), false, (_, _, _, _) => true);
            await toServer.AuthenticateAsClientAsync("middle");
            Interlocked.Increment(ref _passed);
            await Task.WhenAny(
                toClient.CopyToAsync(toServer, _stop.Token), toServer.CopyToAsync(toClient, _stop.Token));
        }
        catch (Exception ended) when (ended is IOException or SocketException)
        {
            // Either of them went.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _certificate.Dispose();
        _stop.Dispose();
    }
}
