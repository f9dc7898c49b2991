using System.Buffers;
using System.Net.Sockets;

namespace Holdfast.Lab.Relays;

/// <summary>Two sockets as one: what comes from either goes to the other, half-closes included.</summary>
sealed class Splice(Socket client, Socket server)
{
    const int BufferBytes = 32 * 1024;

    public async ValueTask RunAsync(CancellationToken stop)
    {
        var there = CopyAsync(client, server, stop);
        var back = CopyAsync(server, client, stop);
        await Task.WhenAll(there, back);
    }

    /// <summary>Both sides see a reset at once; safe from any thread, and after the end.</summary>
    public void Reset()
    {
        foreach (var socket in (ReadOnlySpan<Socket>)[client, server])
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // Closed already.
            }
            socket.Dispose();
        }
    }

    async Task CopyAsync(Socket from, Socket to, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (true)
            {
                var bytes = await from.ReceiveAsync(buffer, SocketFlags.None, stop);
                if (bytes == 0)
                    break;
                for (var sent = 0; sent < bytes;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, bytes - sent), SocketFlags.None, stop);
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure)
            when (failure is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Reset(); // One side broke: the other must not wait for it.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
