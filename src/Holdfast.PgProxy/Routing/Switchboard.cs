using Holdfast.Cluster.Model;
using static Holdfast.PgProxy.Routing.Route;

namespace Holdfast.PgProxy.Routing;

/// <summary>Shows the router its view, spreads over its answer, wakes who waits. Safe from any thread.</summary>
internal sealed class Switchboard : IDisposable
{
    /// <summary>A server that refused a connection is passed over for so long while there is another.</summary>
    public static readonly TimeSpan PassOver = TimeSpan.FromSeconds(1);

    /// <summary>Of one view, the book of the replicas is written this often.</summary>
    static readonly TimeSpan BookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Names that have turns at a time.</summary>
    const int CreditsMax = 1000;

    readonly ITopology _topology;
    volatile ReplicaSettings _replicas;
    readonly ITermMemory _terms;
    readonly TimeSpan _defaultTtl;
    readonly Func<TimeSpan> _bootClock;
    readonly Lock _gate = new();
    readonly Dictionary<NodeName, TimeSpan> _passedOverUntil = [];
    ClusterView? _judged;
    string? _distrust;
    readonly Dictionary<NodeName, long> _credits = [];
    ReplicaBook _book = ReplicaBook.Empty;
    ClusterView? _booked;
    TimeSpan _bookedAt;
    TaskCompletionSource _change = NewSignal();

    /// <param name="topology">The watched view.</param>
    /// <param name="terms">Survives restarts.</param>
    /// <param name="defaultTtl">Until the store tells its own.</param>
    /// <param name="bootClock">CLOCK_BOOTTIME.</param>
    /// <param name="replicas">What the operator wrote of them; null: nothing.</param>
    public Switchboard(
        ITopology topology, ITermMemory terms, TimeSpan defaultTtl, Func<TimeSpan> bootClock,
        ReplicaSettings? replicas = null)
    {
        (_topology, _terms, _defaultTtl, _bootClock) = (topology, terms, defaultTtl, bootClock);
        _replicas = replicas ?? new ReplicaSettings();
        _topology.Changed += OnChanged;
    }

    /// <summary>After the newest term is kept and before anybody who waits goes on.</summary>
    public event Action<RoutingView>? Changed;

    /// <summary>Other words of the operator's hold from here on.</summary>
    public void Change(ReplicaSettings replicas)
    {
        _replicas = replicas;
        lock (_gate)
            _booked = null;
        OnChanged();
    }

    public RoutingView Look()
    {
        lock (_gate)
        {
            var current = _topology.Current;
            if (current is not null && !ReferenceEquals(current.View, _judged))
                (_judged, _distrust) = (current.View, _terms.WhyNotBelieved(current.View));
            var now = _bootClock();
            Book(now);
            return new RoutingView
            {
                Cluster = _judged,
                Age = current is null ? TimeSpan.Zero : now - current.FreshAt,
                DefaultTtl = _defaultTtl,
                Distrust = _distrust,
                NewestTerm = _terms.Newest,
                Replicas = _replicas,
                Book = _book,
            };
        }
    }

    // What is not believed, or has not changed since a moment ago, is not written down.
    void Book(TimeSpan now)
    {
        if (_judged is not { } cluster || _distrust is not null
            || (ReferenceEquals(cluster, _booked) && now - _bookedAt < BookEvery))
            return;
        (_booked, _bookedAt) = (cluster, now);
        _book = _book.Next(cluster, _replicas, cluster.Settings?.Ttl ?? _defaultTtl, now);
    }

    /// <summary>One server for a new connection; null with the reason where there is none.</summary>
    /// <param name="port">Of the client.</param>
    /// <param name="why">For people.</param>
    /// <param name="taken">How many connections the asker has to each: by their weights the others come first.</param>
    public Server? Pick(Port port, out string why, Func<Server, int>? taken = null)
    {
        switch (Router.Decide(port, Look()))
        {
            case To to:
                why = to.Why;
                return to.Servers.Length == 1 ? to.Servers[0] : NextInTurn(to, taken);
            case Hold hold:
                why = hold.Why;
                return null;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    Server NextInTurn(To to, Func<Server, int>? taken)
    {
        lock (_gate)
        {
            var now = _bootClock();
            var open = Enumerable.Range(0, to.Servers.Length)
                .Where(at => !_passedOverUntil.TryGetValue(to.Servers[at].Name, out var until) || now >= until)
                .ToList();
            if (open.Count == 0)
                open = [.. Enumerable.Range(0, to.Servers.Length)];
            if (taken is not null)
            {
                var loads = open.ConvertAll(at => (double)taken(to.Servers[at]) / to.WeightOf(at));
                var least = loads.Min();
                open = [.. open.Where((_, index) => loads[index] <= least)];
            }
            return to.Servers[InTurn(to, open)];
        }
    }

    // Smooth weighted round robin (nginx, ngx_http_upstream_get_peer).
    int InTurn(To to, List<int> open)
    {
        if (_credits.Count > CreditsMax)
            _credits.Clear();
        var (richest, most, total) = (open[0], long.MinValue, 0L);
        foreach (var at in open)
        {
            var name = to.Servers[at].Name;
            var credit = _credits.GetValueOrDefault(name) + to.WeightOf(at);
            (_credits[name], total) = (credit, total + to.WeightOf(at));
            if (credit > most)
                (richest, most) = (at, credit);
        }
        _credits[to.Servers[richest].Name] = most - total;
        return richest;
    }

    public void PassOverForNow(Server server)
    {
        lock (_gate)
            _passedOverUntil[server.Name] = _bootClock() + PassOver;
    }

    public bool IsPassedOver(Server server)
    {
        lock (_gate)
            return _passedOverUntil.TryGetValue(server.Name, out var until) && _bootClock() < until;
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
