using System.Net;
using System.Text;
using Holdfast.Edge.Forwarding;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Holdfast.Edge;

/// <summary>Kestrel on one port, without host and container: a builder of the web SDK would watch all files below the
/// working directory.</summary>
internal sealed class EdgeListener : IDisposable
{
    readonly KestrelServer _server;

    EdgeListener(KestrelServer server, IPEndPoint endPoint) => (_server, EndPoint) = (server, endPoint);

    /// <summary>With the real port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <exception cref="IOException">The address or port can't be had; the message says which.</exception>
    public static async Task<EdgeListener> StartAsync<T>(
        IPEndPoint endPoint, long connectionsMax, IHttpApplication<T> application, CancellationToken stop)
        where T : notnull
    {
        // Kestrel logs a line for each broken connection; what matters of them is in the access log.
        var server = new KestrelServer(
            Options.Create(OptionsOf(endPoint, connectionsMax)),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
        try
        {
            await server.StartAsync(application, stop);
        }
        catch
        {
            server.Dispose();
            throw;
        }
        var bound = new Uri(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        return new EdgeListener(server, new IPEndPoint(endPoint.Address, bound.Port));
    }

    /// <summary>Takes no new connections and ends those that rest; requests have <paramref name="limit"/> to end, and
    /// are cut off then.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        await _server.StopAsync(patience.Token);
    }

    public void Dispose() => _server.Dispose();

    static KestrelServerOptions OptionsOf(IPEndPoint endPoint, long connectionsMax)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            AllowSynchronousIO = false,
            // One byte is one character both ways: values pass as they are.
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
        };
        var limits = options.Limits;
        limits.MaxConcurrentConnections = connectionsMax;
        limits.MaxRequestHeadersTotalSize = EdgeLimits.HeaderBytesMax;
        limits.MaxRequestHeaderCount = EdgeLimits.HeaderCountMax;
        limits.MaxRequestLineSize = EdgeLimits.RequestLineBytesMax;
        limits.RequestHeadersTimeout = EdgeLimits.Headers;
        limits.KeepAliveTimeout = EdgeLimits.KeepAlive;
        limits.MinRequestBodyDataRate = new MinDataRate(EdgeLimits.BytesPerSecondMin, EdgeLimits.SlowGrace);
        limits.MinResponseDataRate = new MinDataRate(EdgeLimits.BytesPerSecondMin, EdgeLimits.SlowGrace);
        options.Listen(endPoint, static listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            ((IConnectionBuilder)listen).Use(RefusalWriter.Between);
        });
        return options;
    }
}
