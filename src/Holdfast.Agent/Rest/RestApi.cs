using System.Net;
using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;
using Holdfast.Store;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Holdfast.Agent.Rest;

/// <summary>
/// Patroni's REST API of one agent. Every GET is answered from the last published view and never waits for the store or
/// for PostgreSQL. It is Kestrel alone, without host, container and routing: an agent at rest has to be small.
/// </summary>
public sealed class RestApi : IAsyncDisposable
{
    readonly RestSettings _settings;
    readonly RestApplication _application;
    readonly ILogger _log;
    KestrelServer? _server;

    /// <param name="settings">Where to listen.</param>
    /// <param name="view">The last view; called from any thread, for each request.</param>
    /// <param name="store">Used by POST /switchover, POST /failover and PATCH /config only.</param>
    /// <param name="peers">Asked whether a candidate is able; not disposed here.</param>
    /// <param name="metrics">The process's own metrics, or null.</param>
    /// <param name="failsafe">Answers POST /failsafe; null: nobody does.</param>
    /// <param name="clock">Of the waits.</param>
    /// <param name="log">Null: nothing is logged.</param>
    internal RestApi(
        RestSettings settings,
        Func<AgentView> view,
        IStore store,
        PeerClient peers,
        MeterCollector? metrics,
        FailsafeDoor? failsafe,
        TimeProvider clock,
        ILogger? log = null)
    {
        _settings = settings;
        _log = log ?? NullLogger.Instance;
        _application = new RestApplication(
            view,
            new SwitchoverRun(settings, view, store, peers, clock, _log),
            new ConfigPatch(settings, store),
            failsafe,
            metrics,
            _log);
    }

    /// <summary>Where it listens, with the real port. Valid after the start.</summary>
    public HostPort Address { get; private set; }

    /// <exception cref="IOException">The address is taken.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        var options = await OptionsAsync(stop);
        // Warnings of Kestrel itself only: it logs a line per broken connection at lower levels.
        _server = new KestrelServer(
            Options.Create(options),
            new SocketTransportFactory(Options.Create(new SocketTransportOptions { IOQueueCount = 1 }),
                NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
        await _server.StartAsync(_application, stop);
        var bound = new Uri(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        Address = new HostPort(bound.Host, bound.Port);
        _log.Listening(Address.ToString());
    }

    /// <summary>Ends the listening at once, and what is under way within 2 s.</summary>
    public async Task StopAsync(CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _server, null) is not { } server)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(RestLimits.StopLimit);
        await server.StopAsync(limit.Token);
        server.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);

    async ValueTask<KestrelServerOptions> OptionsAsync(CancellationToken stop)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        var limits = options.Limits;
        limits.MaxConcurrentConnections = RestLimits.ConnectionsMax;
        limits.MaxRequestBodySize = RestLimits.BodyBytesMax;
        limits.MaxRequestHeadersTotalSize = RestLimits.HeaderBytesMax;
        limits.MaxRequestHeaderCount = RestLimits.HeaderCountMax;
        limits.MaxRequestLineSize = RestLimits.RequestLineBytesMax;
        limits.RequestHeadersTimeout = RestLimits.HeadersLimit;
        limits.KeepAliveTimeout = RestLimits.IdleLimit;
        foreach (var address in await AddressesAsync(_settings.Listen.Host, stop))
            options.Listen(address, _settings.Listen.Port, static listen => listen.Protocols = HttpProtocols.Http1);
        return options;
    }

    static async ValueTask<IPAddress[]> AddressesAsync(string host, CancellationToken stop) =>
        host is "*" or "" ? [IPAddress.Any]
        : IPAddress.TryParse(host, out var address) ? [address]
        : await Dns.GetHostAddressesAsync(host, stop);
}
