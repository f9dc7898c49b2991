using Holdfast.Cluster.Model;
using static Holdfast.PgProxy.Routing.Route;

namespace Holdfast.PgProxy.Routing;

/// <summary>Shows the router its view, spreads over its answer, wakes who waits. Safe from any thread.</summary>
internal sealed class Switchboard : IDisposable
{
    /// <summary>A server that refused a connection is passed over for so long while there is another.</summary>
    public static readonly TimeSpan PassOver = TimeSpan.FromSeconds(1);

    readonly ITopology _topology;
    readonly ITermMemory _terms;
    readonly TimeSpan _defaultTtl;
    readonly Func<TimeSpan> _bootClock;
    readonly Lock _gate = new();
    readonly Dictionary<NodeName, TimeSpan> _passedOverUntil = [];
    ClusterView? _judged;
    string? _distrust;
    TaskCompletionSource _change = NewSignal();
    int _turn;

    /// <param name="topology">The watched view.</param>
    /// <param name="terms">Survives restarts.</param>
    /// <param name="defaultTtl">Until the store tells its own.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME.</param>
    public Switchboard(ITopology topology, ITermMemory terms, TimeSpan defaultTtl, Func<TimeSpan> bootClock)
    {
        (_topology, _terms, _defaultTtl, _bootClock) = (topology, terms, defaultTtl, bootClock);
        _topology.Changed += OnChanged;
    }

    /// <summary>After the newest term is kept and before anybody who waits goes on.</summary>
    public event Action<RoutingView>? Changed;

    public RoutingView Look()
    {
        lock (_gate)
        {
            var current = _topology.Current;
            if (current is not null && !ReferenceEquals(current.View, _judged))
                (_judged, _distrust) = (current.View, _terms.WhyNotBelieved(current.View));
            return new RoutingView
            {
                Cluster = _judged,
                Age = current is null ? TimeSpan.Zero : _bootClock() - current.FreshAt,
                DefaultTtl = _defaultTtl,
                Distrust = _distrust,
                NewestTerm = _terms.Newest,
            };
        }
    }

    /// <summary>One server for a new connection; null with the reason where there is none.</summary>
    public Server? Pick(Port port, out string why)
    {
        switch (Router.Decide(port, Look()))
        {
            case To to:
                why = to.Why;
                return to.Servers.Length == 1 ? to.Servers[0] : NextInTurn(to);
            case Hold hold:
                why = hold.Why;
                return null;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    Server NextInTurn(To to)
    {
        lock (_gate)
        {
            var now = _bootClock();
            for (var tries = 0; tries < to.Servers.Length; tries++)
            {
                var server = to.Servers[(int)((uint)_turn++ % (uint)to.Servers.Length)];
                if (!_passedOverUntil.TryGetValue(server.Name, out var until) || now >= until)
                    return server;
            }
            return to.Servers[(int)((uint)_turn++ % (uint)to.Servers.Length)];
        }
    }

    public void PassOverForNow(Server server)
    {
        lock (_gate)
            _passedOverUntil[server.Name] = _bootClock() + PassOver;
    }

    /// <summary>Completes at the next change of the view. Taken before a look, it misses none.</summary>
    public Task NextChange => Volatile.Read(ref _change).Task;

    void OnChanged()
    {
        var view = Look(); // Also with nobody to tell: the newest term is kept here.
        Changed?.Invoke(view);
        Interlocked.Exchange(ref _change, NewSignal()).SetResult();
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _topology.Changed -= OnChanged;
}
