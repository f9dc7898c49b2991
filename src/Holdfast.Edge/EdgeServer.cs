using System.Net;
using Holdfast.Edge.Backends;
using Holdfast.Edge.Forwarding;
using Holdfast.Edge.Routes;
using Holdfast.Foundation.Metrics;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge;

/// <summary>The http front of the apps: listens from its start on, follows the store, forwards.</summary>
public sealed class EdgeServer : IAsyncDisposable
{
    /// <summary>What the process tells at /metrics.</summary>
    const string MeterPrefix = "Holdfast.";

    readonly FrontSettings _settings;
    readonly ILogger _log;
    readonly MeterCollector _collector = new(MeterPrefix);
    readonly EdgeMetrics _metrics;
    readonly AccessLog _accessLog;
    readonly Pools _pools;
    readonly InstanceFeed _feed;
    readonly EdgeApplication _application;
    EdgeListener? _http;
    EdgeListener? _metricsListener;

    /// <param name="settings">What the file says.</param>
    /// <param name="store">Where the instances are announced; not disposed here.</param>
    /// <param name="keys">Of the cluster.</param>
    /// <param name="clock">Of all waits but those of sockets.</param>
    /// <param name="logs">Where it tells what it does.</param>
    /// <param name="accessLogs">Where each request leaves a line. It may block: a thread of its own waits for
    /// it.</param>
    public EdgeServer(
        FrontSettings settings, IStore store, HoldfastKeys keys, TimeProvider clock, ILoggerFactory logs,
        ILoggerFactory accessLogs)
    {
        (_settings, _log) = (settings, logs.CreateLogger<EdgeServer>());
        var routes = new RouteTable(settings.Routes);
        _pools = new Pools(settings, routes, clock, _log);
        _metrics = new EdgeMetrics(() => _pools.Instances);
        _accessLog = new AccessLog(accessLogs.CreateLogger("access"), _metrics);
        _feed = new InstanceFeed(store, keys, _pools.Show, _log);
        _application = new EdgeApplication(
            new Forwarder(routes, _pools, _metrics, clock, _log), _metrics, _accessLog, clock, _log);
    }

    /// <summary>Valid after the start.</summary>
    public IPEndPoint HttpEndPoint => _http?.EndPoint ?? throw new InvalidOperationException("not started");

    /// <summary>Valid after the start.</summary>
    public IPEndPoint MetricsEndPoint =>
        _metricsListener?.EndPoint ?? throw new InvalidOperationException("not started");

    /// <summary>As the edge sees them now, of all apps.</summary>
    internal IEnumerable<Instance> Instances => _pools.Instances;

    /// <exception cref="IOException">A port can't be had.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        _pools.Show(_settings.Expected);
        _metricsListener = await EdgeListener.StartAsync(
            new IPEndPoint(_settings.Address, _settings.MetricsPort), EdgeLimits.MetricsConnectionsMax,
            new MetricsPage(_collector), stop);
        _http = await EdgeListener.StartAsync(
            new IPEndPoint(_settings.Address, _settings.HttpPort), EdgeLimits.ConnectionsMax, _application, stop);
        _log.Listening(HttpEndPoint, MetricsEndPoint);
    }

    /// <summary>Serves until <paramref name="stop"/>; then lets the requests end, within the drain limit.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // While requests end, their instances are watched as ever.
        using var ending = new CancellationTokenSource();
        var following = Task.WhenAll(_feed.RunAsync(ending.Token), _pools.RunAsync(ending.Token));
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _log.Draining(_metrics.Now, _settings.DrainLimit.TotalSeconds);
        await _http!.StopAsync(_settings.DrainLimit);
        _log.Stopped(_metrics.Now);
        await ending.CancelAsync();
        await following;
    }

    public async ValueTask DisposeAsync()
    {
        if (_http is not null)
            await _http.StopAsync(TimeSpan.Zero);
        if (_metricsListener is not null)
            await _metricsListener.StopAsync(TimeSpan.Zero);
        _http?.Dispose();
        _metricsListener?.Dispose();
        await _pools.DisposeAsync();
        _accessLog.Dispose();
        _metrics.Dispose();
        _collector.Dispose();
    }
}
