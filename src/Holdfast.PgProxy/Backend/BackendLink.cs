using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Backend;

/// <summary>One connection to one server. Whoever made it disposes it; anybody may cut it.</summary>
internal sealed class BackendLink(Server server, Socket socket) : IDisposable
{
    int _cut;

    public Server Server { get; } = server;
    public Socket Socket { get; } = socket;

    /// <summary>None while it was not cut.</summary>
    public CloseReason CutFor => (CloseReason)Volatile.Read(ref _cut);

    /// <summary>Both pumps of the session end at once, with this reason. False if it was cut before.</summary>
    public bool Cut(CloseReason reason)
    {
        if (Interlocked.CompareExchange(ref _cut, (int)reason, (int)CloseReason.None) != (int)CloseReason.None)
            return false;
        TcpOptions.Reset(Socket);
        return true;
    }

    /// <exception cref="SocketException">It refused, or has no such name.</exception>
    /// <exception cref="OperationCanceledException">Not within the token's time.</exception>
    public static async Task<BackendLink> ConnectAsync(Server server, CancellationToken stop)
    {
        var address = IPAddress.TryParse(server.Host, out var literal)
            ? literal
            : (await Dns.GetHostAddressesAsync(server.Host, stop))[0];
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            TcpOptions.ForSession(socket, ProxyLimits.BackendUnackedMs);
            await socket.ConnectAsync(new IPEndPoint(address, server.Port), stop);
            return new BackendLink(server, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => Socket.Dispose();
}
