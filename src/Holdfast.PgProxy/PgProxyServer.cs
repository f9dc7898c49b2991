using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Backend;
using Holdfast.PgProxy.Frontend;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy;

/// <summary>The PostgreSQL proxy: listens from its construction on, serves while it runs.</summary>
public sealed partial class PgProxyServer : IDisposable
{
    readonly ProxySettings _settings;
    readonly ILogger _log;
    readonly ProxyMetrics _metrics = new();
    readonly LinkRegistry _links = new();
    readonly Clients _clients = new();
    readonly Switchboard _board;
    readonly List<Listener> _listeners = [];
    readonly PooledProxy? _pooled;
    readonly Handover? _former;
    readonly MetricsPage? _page;
    readonly MetricsListener? _metricsListener;
    readonly ConcurrentDictionary<Port, string> _lastRoutes = new();

    /// <param name="settings">What the operator wrote.</param>
    /// <param name="topology">The watched view; the caller runs the watch, also while this server drains.</param>
    /// <param name="terms">The newest term seen.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME, as in <see cref="WatchedView.FreshAt"/>.</param>
    /// <param name="logs">Where it tells what it does.</param>
    /// <param name="access">Who may log in, and how; asked only where servers are pooled.</param>
    /// <param name="former">Whose sockets to take; null: it opens its own.</param>
    /// <exception cref="IOException">A port can't be had.</exception>
    public PgProxyServer(
        ProxySettings settings, ITopology topology, ITermMemory terms, Func<TimeSpan> bootClock, ILoggerFactory logs,
        Access? access = null, Handover? former = null)
    {
        (_log, _former) = (logs.CreateLogger<PgProxyServer>(), former);
        _settings = Fitting(settings);
        _board = new Switchboard(topology, terms, settings.DefaultTtl, bootClock, settings.Replicas);
        _board.Changed += OnChanged;
        _pooled = settings.Pools is { } pools
            ? new PooledProxy(
                _settings, pools, access ?? new Access(), _board, bootClock, _log)
            {
                Metrics = _metrics,
            }
            : null;
        TellNotes(access);
        try
        {
            _listeners.Add(Listen(Port.Primary, SocketOf(former?.Sockets.Primary, settings.PrimaryPort)));
            if (settings.ReplicasPort is { } replicas)
                _listeners.Add(Listen(Port.Replicas, SocketOf(former?.Sockets.Replicas, replicas)));
            if (settings.MetricsPort is { } metrics)
            {
                var socket = former?.Sockets.Metrics is { } taken && Has(taken, metrics)
                    ? taken : MetricsListener.Listen(new IPEndPoint(settings.Address, metrics));
                _page = new MetricsPage(_pooled);
                _metricsListener = new MetricsListener(socket, _page.WriteAsync, _log);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Null where none are served.</summary>
    public IPEndPoint? MetricsEndPoint => _metricsListener?.EndPoint;

    public IPEndPoint PrimaryEndPoint => _listeners[0].EndPoint;

    /// <summary>Null where the file gives no port for replicas.</summary>
    public IPEndPoint? ReplicasEndPoint => _listeners.Count > 1 ? _listeners[1].EndPoint : null;

    internal PooledProxy? Pooled => _pooled;

    /// <summary>Clients connected now.</summary>
    public int Clients => _pooled?.Clients ?? _clients.Count;

    Socket SocketOf(Socket? taken, int port) =>
        taken is not null && Has(taken, port) ? taken : Listener.Open(new IPEndPoint(_settings.Address, port));

    static bool Has(Socket taken, int port) => port == 0 || ((IPEndPoint)taken.LocalEndPoint!).Port == port;

    void TellNotes(Access? access)
    {
        foreach (var note in access?.Hba?.Notes ?? [])
            _log.HbaNote(note);
    }

    // Better a client that is told so than one that can't be accepted.
    ProxySettings Fitting(ProxySettings settings)
    {
        var files = OpenFiles.Raise();
        var most = OpenFiles.ClientsOf(files, settings.Pools is null ? 2 : 1);
        if (most >= settings.ClientsMax)
            _log.ClientsAllowed(settings.ClientsMax, files);
        else
            _log.ClientsBounded(settings.ClientsMax, files, most);
        return settings with { ClientsMax = Math.Min(settings.ClientsMax, most) };
    }

    Listener Listen(Port port, Socket socket)
    {
        var dialer = new Dialer(port, _settings.HoldTimeout, _board, _links, _metrics, _log);
        var reception = new Reception(port, _settings, dialer, _links, new CancelForwarder(_board, _links));
        var listener = new Listener(socket, reception, _clients, _metrics, _log);
        _pooled?.Listen(port, listener.Socket);
        return listener;
    }

    void OnChanged(RoutingView view)
    {
        _pooled?.OnChanged();
        foreach (var cut in _links.Where(server => Router.WhyCut(server, view)).GroupBy(found => found.Link.Server))
        {
            var count = cut.Count(found => found.Link.Cut(CloseReason.RoleLost));
            _metrics.Cut(cut.Key.Name.Value, count);
            _log.Cut(count, cut.Key, cut.First().Why);
        }
        foreach (var listener in _listeners)
            Tell(listener.Port, Router.Decide(listener.Port, view));
    }

    // Once for each change of the route: positions in the view change all the time.
    void Tell(Port port, Route route)
    {
        var text = route is Route.To to ? string.Join(", ", to.Servers) : ((Route.Hold)route).Why;
        if (_lastRoutes.TryGetValue(port, out var last) && string.Equals(last, text, StringComparison.Ordinal))
            return;
        _lastRoutes[port] = text;
        switch (route)
        {
            case Route.To known:
                _log.Routed(port, text, known.Why);
                break;
            default:
                _log.Waiting(port, text);
                break;
        }
    }

    public void Dispose()
    {
        _board.Changed -= OnChanged;
        _pooled?.Dispose();
        _board.Dispose();
        foreach (var listener in _listeners)
            listener.Dispose();
        _metricsListener?.Dispose();
        _page?.Dispose();
        _metrics.Dispose();
    }
}
