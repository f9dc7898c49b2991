using System.Buffers;
using System.Net.Sockets;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Backend;

/// <summary>Passes the bytes of one session on, both ways, until one side ends it. Allocates at its start.</summary>
/// <param name="client">Closed at the end.</param>
/// <param name="link">Closed at the end; whoever cuts it ends the session.</param>
/// <param name="login">Reads along while the login is in the clear; null when it is not.</param>
internal sealed class Relay(Socket client, BackendLink link, LoginWatch? login)
{
    int _reason;
    LoginWatch? _login = login;

    /// <summary>Ends when both directions have.</summary>
    public async Task<CloseReason> RunAsync()
    {
        var up = UpAsync();
        await DownAsync();
        // The server is gone; a client that neither reads nor closes must not keep its place.
        try
        {
            await up.WaitAsync(ProxyLimits.Farewell);
        }
        catch (TimeoutException)
        {
            TcpOptions.Reset(client);
            await up;
        }
        client.Dispose();
        link.Dispose();
        return (CloseReason)_reason;
    }

    async Task UpAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ProxyLimits.RelayBytes);
        var sending = false;
        try
        {
            while (await client.ReceiveAsync(buffer.AsMemory()) is > 0 and var count)
            {
                sending = true;
                for (var sent = 0; sent < count;)
                    sent += await link.Socket.SendAsync(buffer.AsMemory(sent, count - sent));
                sending = false;
            }
            // A client may close its half and still wait for the answer.
            End(CloseReason.ClientClosed);
            CloseHalf(link.Socket);
        }
        catch (Exception broken) when (IsEnd(broken))
        {
            // The server's last words may still be on their way down, which then ends by itself.
            if (sending)
                End(CloseReason.BackendFailed);
            else
                BreakOff(CloseReason.ClientFailed);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    async Task DownAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ProxyLimits.RelayBytes);
        var sending = false;
        try
        {
            while (await link.Socket.ReceiveAsync(buffer.AsMemory()) is > 0 and var count)
            {
                if (_login is not null && !MayPass(buffer.AsSpan(0, count)))
                    return;
                sending = true;
                for (var sent = 0; sent < count;)
                    sent += await client.SendAsync(buffer.AsMemory(sent, count - sent));
                sending = false;
            }
            End(CloseReason.BackendClosed);
            CloseHalf(client);
        }
        catch (Exception broken) when (IsEnd(broken))
        {
            BreakOff(sending ? CloseReason.ClientFailed : CloseReason.BackendFailed);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    bool MayPass(ReadOnlySpan<byte> answer)
    {
        var sight = _login!.Feed(answer);
        if (sight == LoginSight.Over)
            _login = null;
        if (sight != LoginSight.Standby || link.Server.Role != ServerRole.Primary)
            return true;
        link.Cut(CloseReason.HotStandby);
        BreakOff(CloseReason.HotStandby);
        return false;
    }

    // A connection that broke on one side is broken off on the other: no half answer may look like a whole one.
    void BreakOff(CloseReason reason)
    {
        End(reason);
        TcpOptions.Reset(client);
        TcpOptions.Reset(link.Socket);
    }

    // The first reason stands, and whoever cut the link had one before.
    void End(CloseReason reason)
    {
        var cut = link.CutFor;
        Interlocked.CompareExchange(
            ref _reason, (int)(cut != CloseReason.None ? cut : reason), (int)CloseReason.None);
    }

    static void CloseHalf(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (IsEnd(gone))
        {
            // Closed already.
        }
    }

    static bool IsEnd(Exception broken) =>
        broken is SocketException or ObjectDisposedException or OperationCanceledException;
}
