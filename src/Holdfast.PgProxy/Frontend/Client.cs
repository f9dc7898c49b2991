using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Backend;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Frontend;

/// <summary>One client's connection, from its first byte to its end.</summary>
internal sealed class Client(Socket socket, Reception reception, Refusal? refusal, ILogger log)
{
    readonly EndPoint? _endPoint = socket.RemoteEndPoint;
    int _aborted;

    public bool IsRefused => refusal is not null;

    /// <summary>Ends it at once, whatever it does.</summary>
    public void Abort(CloseReason reason)
    {
        Volatile.Write(ref _aborted, (int)reason);
        TcpOptions.Reset(socket);
    }

    /// <summary>Never throws: what went wrong is the reason.</summary>
    public async Task<CloseReason> ServeAsync(CancellationToken stop)
    {
        var reason = CloseReason.ClientFailed;
        try
        {
            TcpOptions.ForSession(socket, ProxyLimits.ClientUnackedMs);
            reason = await ConverseAsync(stop);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            if (stop.IsCancellationRequested)
                reason = CloseReason.Draining;
        }
        catch (Exception broken)
        {
            log.Broken(reception.Port, _endPoint, broken);
            reason = CloseReason.Broken;
        }
        socket.Dispose();
        var aborted = (CloseReason)Volatile.Read(ref _aborted);
        reason = aborted != CloseReason.None ? aborted : reason;
        log.Closed(reception.Port, _endPoint, reason);
        return reason;
    }

    async Task<CloseReason> ConverseAsync(CancellationToken stop)
    {
        var opened = await OpenAsync(stop);
        if (opened is not Opened.Session session)
            return ((Opened.Ended)opened).Reason;
        try
        {
            return await new Relay(socket, session.Link, session.Login).RunAsync();
        }
        finally
        {
            reception.Links.Remove(session.Link);
            session.Link.Dispose();
        }
    }

    async Task<Opened> OpenAsync(CancellationToken stop)
    {
        using var startup = new Startup(socket, reception, refusal);
        var opened = await startup.OpenAsync(stop);
        if (startup.Refused is { } why)
            log.Refused(reception.Port, _endPoint, why);
        return opened;
    }
}
