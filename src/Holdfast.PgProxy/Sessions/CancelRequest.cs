using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Sessions;

/// <summary>A connection of its own that carries one cancel request. A cancel promises nothing (PostgreSQL manual,
/// Canceling Requests in Progress).</summary>
internal static class CancelRequest
{
    /// <param name="loop">The one that we are on.</param>
    /// <param name="server">Whose.</param>
    /// <param name="packet">The whole request.</param>
    /// <param name="over">PostgreSQL has closed, and so has sent its signal; or its time is up.</param>
    public static void Send(EventLoop loop, Server server, byte[] packet, Action over) =>
        _ = SendAsync(loop, server, packet, over);

    static async Task SendAsync(EventLoop loop, Server server, byte[] packet, Action over)
    {
        using var inbox = new Inbox();
        using var limit = new CancellationTokenSource(ProxyLimits.Cancel);
        Connection? connection = null;
        try
        {
            var address = IPAddress.TryParse(server.Host, out var literal)
                ? literal
                : (await Dns.GetHostAddressesAsync(server.Host, limit.Token))[0];
            (connection, var connected) = Connection.Connect(
                loop, new IPEndPoint(address, server.Port), ProxyLimits.BackendUnackedMs, inbox);
            if (await connected.WaitAsync(limit.Token) != SocketError.Success)
                return;
            inbox.Connection = connection;
            connection.Send(packet);
            while (await inbox.MoreAsync().WaitAsync(limit.Token))
                inbox.Drop(inbox.Bytes.Length);
        }
        catch (Exception failed) when (failed is OperationCanceledException or SocketException or IOException)
        {
            // It may have arrived or not.
        }
        finally
        {
            connection?.Close();
            over();
        }
    }
}
