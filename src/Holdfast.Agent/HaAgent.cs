using Holdfast.Agent.Act;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Agent.Rest;
using Holdfast.Agent.Watchdog;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent;

/// <summary>The HA agent of one PostgreSQL: the door of this room. Its parts are put together here, by hand.</summary>
public sealed class HaAgent : IAsyncDisposable
{
    /// <summary>From the request to stop until everything must be over.</summary>
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    readonly AgentState _state = new();
    readonly PeerClient _peerClient = new();
    readonly MeterCollector _metrics = new("Holdfast.");
    readonly IPostgres _postgres;
    readonly ClusterWatcher _watcher;
    readonly FenceLink? _fence;
    readonly WatchdogLink? _watchdog;
    readonly LeaseKeeper _lease;
    readonly JobSlot _jobs;
    readonly Locks _locks;
    readonly HaLoop _loop;
    readonly DiskProbe _disk;
    readonly RestApi _rest;
    readonly ILogger _log;

    /// <param name="settings">What the file says.</param>
    /// <param name="store">The shared truth; not disposed here.</param>
    /// <param name="heartbeat">The lease's own line to it; disposed here.</param>
    /// <param name="postgres">The PostgreSQL of this host.</param>
    /// <param name="cgroup">Path of PostgreSQL's own cgroup leaf, or null.</param>
    /// <param name="log">Of the whole agent.</param>
    public HaAgent(
        AgentSettings settings, IStore store, IHeartbeat heartbeat, IPostgres postgres, string? cgroup, ILogger log)
    {
        (_postgres, _log) = (postgres, log);
        var keys = new PatroniKeys(settings.Namespace, settings.Scope);
        var ours = new HoldfastKeys(settings.Scope);
        _watcher = new ClusterWatcher(store, keys, ours, log);
        _fence = settings.FenceSocket is { } socket ? new FenceLink(socket) : null;
        if (_fence is null)
            log.NoSupervisor();
        var link = _fence ?? (IFenceLink)new LoneFence(Path.Combine(settings.StateDirectory, "fence.json"));
        if (settings.Watchdog is { Mode: not WatchdogMode.Off } watchdog)
            link = _watchdog = WatchdogOf(watchdog, link, settings.BootstrapDcs.Ttl);
        var owner = new LeaseOwner(settings.Name.Value, keys.Leader, postgres, settings.Postgres.DataDirectory, cgroup);
        _lease = new LeaseKeeper(owner, heartbeat, link, settings.BootstrapDcs.Lease, log);
        _jobs = new JobSlot(() => BootClock.Now, Nudge, log);
        var bootstrap = new BootstrapMark(settings.StateDirectory);
        var source = new ClusterSource(_watcher, TermLedger.Open(settings.StateDirectory, TimeProvider.System));
        _disk = new DiskProbe(
            settings.Postgres.DataDirectory, settings.Postgres.RunAs, new DiskLimits(), Nudge, log);
        var observer = new Observer(
            settings, source, store, postgres, new Peers(_peerClient), _lease, _jobs, _state, bootstrap,
            () => new HostTroubles(_disk.Current, WatchdogFailed), () => BootClock.Now);
        _locks = new Locks(settings, keys, ours, store, _lease, _state, () => BootClock.Now, log);
        var journal = new Journal(settings, keys, ours, store, postgres, _state, TimeProvider.System, log);
        var reigning = new Reigning(settings, keys, store, postgres, _lease, _state, _locks, journal, Nudge, log);
        var actor = new Actor(settings, postgres, _lease, _jobs, _state, bootstrap, _locks, reigning, log);
        _loop = new HaLoop(
            settings, observer, actor, new Publisher(settings, keys, store, _state, () => _disk.Current), postgres,
            _state, () => BootClock.Now, log);
        _rest = new RestApi(
            new RestSettings { Listen = settings.RestListen, KeyPrefix = keys.Prefix },
            () => _loop.Published with { Disk = _disk.Current, WatchdogFailed = WatchdogFailed }, store, _peerClient, _metrics, TimeProvider.System,
            log);
    }

    bool WatchdogFailed => _watchdog is { Failed: true };

    WatchdogLink WatchdogOf(WatchdogSettings settings, IFenceLink link, TimeSpan ttl) => new(
        link,
        settings,
        settings.Testing ? new RecordingWatchdog(settings.Device) : new KernelWatchdog(settings.Device),
        // The lease's thread is there before the loop is.
        () => _loop?.Published.Cluster is { } cluster
            ? new WatchdogWish(cluster.Settings?.Ttl ?? ttl, AgentFacts.IsPaused(cluster))
            : new WatchdogWish(ttl, Paused: false),
        () => _postgres.Postmaster is not null,
        _log);

    /// <summary>Runs until <paramref name="stop"/>, then stops PostgreSQL and releases the lock.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await _rest.StartAsync(stop);
        _watcher.Changed += () => Nudge("the cluster changed");
        _lease.Changed += Nudge;
        _postgres.Ended += PostgresEnded;
        var watching = _watcher.RunAsync(stop);
        var probing = _disk.RunAsync(stop);
        await _loop.RunAsync(stop);
        await watching;
        await probing;
        await EndAsync();
    }

    void Nudge(string why) => _loop?.Nudge(why);

    void PostgresEnded()
    {
        _log.PostgresEnded();
        Nudge("PostgreSQL ended");
    }

    async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        _jobs.Cancel();
        var stopped = await _postgres.StopAsync(StopLimit / 2, limit.Token);
        if (!stopped.Ok)
            _log.StepFailed("stop", stopped.Why);
        if (_watcher.Current is { } watched)
            await _locks.ReleaseAsync(watched.View, "the agent was stopped", limit.Token);
        await _rest.StopAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _rest.DisposeAsync();
        _lease.Dispose();
        _watchdog?.Dispose();
        _jobs.Dispose();
        _fence?.Dispose();
        _peerClient.Dispose();
        _metrics.Dispose();
    }
}
