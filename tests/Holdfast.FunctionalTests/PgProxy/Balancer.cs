using System.Net;
using System.Net.Sockets;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>A TCP balancer that knows nothing of PostgreSQL: each new connection goes to the port of the
/// moment.</summary>
sealed class Balancer : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _over = new();
    readonly List<Task> _relays = [];
    readonly Task _accepting;
    volatile int _to;

    public Balancer(int to)
    {
        _to = to;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Where the next connection goes.</summary>
    public int To { set => _to = value; }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _relays.Add(RelayAsync(await _listener.AcceptSocketAsync(_over.Token)));
        }
        catch (OperationCanceledException)
        {
            // Over.
        }
    }

    async Task RelayAsync(Socket client)
    {
        using var owned = client;
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _to, _over.Token);
            await Task.WhenAny(PassAsync(client, server), PassAsync(server, client));
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // One of the two.
        }
    }

    async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _over.Token)) > 0)
                await to.SendAsync(buffer.AsMemory(0, count), _over.Token);
        }
        catch (Exception gone)
            when (gone is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The end of one direction is the end of both.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _accepting;
        await Task.WhenAll(_relays);
        _listener.Dispose();
        _over.Dispose();
    }
}
