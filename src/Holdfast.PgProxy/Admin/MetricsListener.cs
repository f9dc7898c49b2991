using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Foundation.Metrics;
using Holdfast.PgProxy.Backend;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Admin;

/// <summary>Answers GET /metrics, once for each connection (RFC 9112). Beside the loops: nobody who asks can slow
/// them.</summary>
internal sealed class MetricsListener : IDisposable
{
    /// <summary>Who comes beyond is closed without a word.</summary>
    const int ConnectionsMax = 16;

    const int HeadBytesMax = 8 * 1024;

    /// <summary>From the connect to the end of the answer.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    readonly Socket _socket;
    readonly Func<Task<string>> _page;
    readonly ILogger _log;
    int _connections;

    /// <param name="socket">Listens; ours from now on.</param>
    /// <param name="page">Writes it anew.</param>
    /// <param name="log">Where it tells what fails.</param>
    public MetricsListener(Socket socket, Func<Task<string>> page, ILogger log)
    {
        (_socket, _page, _log) = (socket, page, log);
        log.ServingMetrics(EndPoint);
    }

    public Socket Socket => _socket;

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <exception cref="IOException">The address or port can't be had; the message says which and why.</exception>
    public static Socket Listen(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            TcpOptions.ForListener(socket);
            socket.Bind(endPoint);
            socket.Listen(ConnectionsMax);
            return socket;
        }
        catch (SocketException failed)
        {
            socket.Dispose();
            throw new IOException($"pgproxy can't serve its metrics on {endPoint}: {failed.Message}", failed);
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await _socket.AcceptAsync(stop);
                if (Interlocked.Increment(ref _connections) <= ConnectionsMax)
                    _ = ServeAsync(client); // Bounded by its limit; it disposes of itself.
                else
                    End(client);
            }
            catch (SocketException failed)
            {
                _log.MetricsFailed(failed);
                await Task.WhenAny(Task.Delay(ProxyLimits.AcceptPause, stop));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    async Task ServeAsync(Socket client)
    {
        try
        {
            using var limit = new CancellationTokenSource(s_limit);
            var line = await RequestLineAsync(client, limit.Token);
            var answer = line.Split(' ') switch
            {
                ["GET", "/metrics", ..] => Answer("200 OK", PrometheusText.ContentType, await _page()),
                ["GET", _, ..] => Answer("404 Not Found", "text/plain", "only /metrics is here\n"),
                [_, _, _] => Answer("405 Method Not Allowed", "text/plain", "GET /metrics\n"),
                _ => Answer("400 Bad Request", "text/plain", "this is no request of HTTP/1.1\n"),
            };
            for (var sent = 0; sent < answer.Length;)
                sent += await client.SendAsync(answer.AsMemory(sent), limit.Token);
            client.Shutdown(SocketShutdown.Send);
            // Until the reader has closed: closing before it has read all could take the end away from it.
            while (await client.ReceiveAsync(new byte[1024], limit.Token) > 0)
                continue;
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // Whoever asked has gone, or takes too long.
        }
        catch (Exception broken)
        {
            _log.MetricsFailed(broken);
        }
        finally
        {
            End(client);
        }
    }

    void End(Socket client)
    {
        Interlocked.Decrement(ref _connections);
        client.Dispose();
    }

    // Empty: there is none.
    static async Task<string> RequestLineAsync(Socket client, CancellationToken stop)
    {
        var (head, count) = (new byte[HeadBytesMax], 0);
        while (head.AsSpan(0, count).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = count < head.Length ? await client.ReceiveAsync(head.AsMemory(count), stop) : 0;
            if (read == 0)
                return "";
            count += read;
        }
        return Encoding.ASCII.GetString(head, 0, head.AsSpan().IndexOf("\r\n"u8));
    }

    static byte[] Answer(string status, string contentType, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        var head = $"HTTP/1.1 {status}\r\nContent-Type: {contentType}\r\nContent-Length: {body.Length}\r\n"
            + "Connection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    public void Dispose() => _socket.Dispose();
}
