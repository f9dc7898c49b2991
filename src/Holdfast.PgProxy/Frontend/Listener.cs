using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Backend;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Frontend;

/// <summary>Accepts the clients of one port.</summary>
internal sealed class Listener : IDisposable
{
    readonly Reception _reception;
    readonly Clients _clients;
    readonly ProxyMetrics _metrics;
    readonly ILogger _log;
    readonly Socket _socket;

    /// <param name="socket">Listens; ours from now on.</param>
    public Listener(Socket socket, Reception reception, Clients clients, ProxyMetrics metrics, ILogger log)
    {
        (_socket, _reception, _clients, _metrics, _log) = (socket, reception, clients, metrics, log);
        log.Listening(reception.Port, EndPoint);
    }

    /// <exception cref="IOException">The address or port can't be had; the message says which and why.</exception>
    public static Socket Open(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            TcpOptions.ForListener(socket);
            socket.Bind(endPoint);
            socket.Listen(ProxyLimits.Backlog);
            return socket;
        }
        catch (SocketException failed)
        {
            socket.Dispose();
            throw new IOException($"pgproxy can't listen on {endPoint}: {failed.Message}", failed);
        }
    }

    public Socket Socket => _socket;
    public Port Port => _reception.Port;
    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <param name="accepting">Until then new clients are taken.</param>
    /// <param name="stop">The order to end, for those that came.</param>
    public async Task RunAsync(CancellationToken accepting, CancellationToken stop)
    {
        while (!accepting.IsCancellationRequested)
        {
            try
            {
                Welcome(await _socket.AcceptAsync(accepting), stop);
            }
            catch (SocketException failed)
            {
                _log.AcceptFailed(_reception.Port, ProxyLimits.AcceptPause.TotalMilliseconds, failed);
                await Task.WhenAny(Task.Delay(ProxyLimits.AcceptPause, accepting));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    void Welcome(Socket socket, CancellationToken stop)
    {
        var isFull = _clients.Count - _clients.Refused >= _reception.Settings.ClientsMax;
        if (isFull && _clients.Refused >= ProxyLimits.RefusalsMax)
        {
            TcpOptions.Reset(socket);
            return;
        }
        var client = new Client(socket, _reception, isFull ? Full() : null, _log);
        _clients.Add(client);
        _ = ServeAsync(client, stop); // Owned by _clients, which waits for its end.
    }

    async Task ServeAsync(Client client, CancellationToken stop)
    {
        _metrics.Accepted(_reception.Port);
        var reason = await client.ServeAsync(stop);
        _metrics.Closed(_reception.Port, reason);
        _clients.Remove(client);
    }

    Refusal Full() => new(CloseReason.TooManyClients, SqlState.TooManyConnections,
        $"sorry, too many clients already: this proxy takes {_reception.Settings.ClientsMax}");

    public void Dispose() => _socket.Dispose();
}
