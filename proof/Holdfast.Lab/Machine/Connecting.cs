using System.Net;
using System.Net.Sockets;

namespace Holdfast.Lab.Machine;

static class Connecting
{
    /// <param name="socket">Not connected; given back, or disposed of.</param>
    /// <param name="to">Whom.</param>
    /// <param name="within">So long.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null: nobody was there, or not in time.</returns>
    public static async ValueTask<Socket?> TryAsync(
        Socket socket, IPEndPoint to, TimeSpan within, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(within);
        try
        {
            await socket.ConnectAsync(to, limit.Token);
            return socket;
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }
}
