using Holdfast.Agent.Configuration;
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

/// <summary>The HA agent of one PostgreSQL: the door of this room.</summary>
public sealed class HaAgent : IAsyncDisposable
{
    /// <summary>From the request to stop until everything must be over.</summary>
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    readonly PeerClient _peerClient = new();
    readonly MeterCollector _metrics = new("Holdfast.");
    readonly IPostgres _postgres;
    readonly FenceLink? _fence;
    readonly WatchdogLink? _watchdog;
    readonly DiskProbe _disk;
    readonly LeaseKeeper _keeper;
    readonly Pulses _pulses;
    readonly AgentCore _core;
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
        _fence = settings.FenceSocket is { } socket ? new FenceLink(socket) : null;
        if (_fence is null)
            log.NoSupervisor();
        var link = _fence ?? (IFenceLink)new LoneFence(Path.Combine(settings.StateDirectory, "fence.json"));
        if (settings.Watchdog is { Mode: not WatchdogMode.Off } watchdog)
            link = _watchdog = WatchdogOf(watchdog, link, settings.BootstrapDcs.Ttl);
        var owner = new LeaseOwner(settings.Name.Value, keys.Leader, postgres, settings.Postgres.DataDirectory, cgroup);
        var lease = new LeaseMachine(settings.BootstrapDcs.Lease, owner.WritesWithoutRight, log);
        // Before the first look: a PostgreSQL that may write keeps its right, and no other.
        lease.Inherit(link.TryGet(), BootClock.BootId, BootClock.Now);
        _keeper = new LeaseKeeper(
            lease, owner, heartbeat, link, new MembersLink(settings.Name.Value, settings.ConnUrl, settings.ApiUrl),
            log);
        var notes = new NoteFolder(settings.StateDirectory);
        var promises = new Promises(notes, BootClock.BootId, BootClock.Provider);
        _pulses = new Pulses(settings.Scope, settings.RestListen.Port,
            () => lease.MayWrite(BootClock.Now) ? lease.State?.Term : null);
        _disk = new DiskProbe(
            settings.Postgres.DataDirectory, settings.Postgres.RunAs, new DiskLimits(),
            why => _core?.Loop.Nudge(why), log);
        _core = new AgentCore(
            settings, store, postgres, new Peers(_peerClient), _pulses, lease, notes, promises, BootClock.Provider,
            log)
        {
            Host = () => new HostTroubles(_disk.Current, WatchdogFailed),
        };
        // Whether the lease is in force is not as old as the last turn: proxies ask when the store is silent.
        AgentView View() => _core.Loop.Published with
        {
            HasLease = lease.MayWrite(BootClock.Now),
            Disk = _disk.Current,
            WatchdogFailed = WatchdogFailed,
        };
        _rest = new RestApi(
            new RestSettings { Listen = settings.RestListen, KeyPrefix = keys.Prefix },
            View, store, _peerClient, _metrics, new FailsafeDoor(View, () => _core.StoreAge, promises),
            TimeProvider.System, log);
    }

    bool WatchdogFailed => _watchdog is { Failed: true };

    WatchdogLink WatchdogOf(WatchdogSettings settings, IFenceLink link, TimeSpan ttl) => new(
        link,
        settings,
        settings.Testing ? new RecordingWatchdog(settings.Device) : new KernelWatchdog(settings.Device),
        // The lease's thread is there before the loop is.
        () => _core?.Loop.Published.Cluster is { } cluster
            ? new WatchdogWish(cluster.Settings?.Ttl ?? ttl, AgentFacts.IsPaused(cluster))
            : new WatchdogWish(ttl, Paused: false),
        () => _postgres.Postmaster is not null,
        _log);

    /// <summary>Runs until <paramref name="stop"/>, then stops PostgreSQL and releases the lock.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await _rest.StartAsync(stop);
        var probing = _disk.RunAsync(stop);
        await _core.RunAsync(stop);
        await probing;
        await EndAsync();
    }

    async Task EndAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        _core.Jobs.Cancel();
        var stopped = await _postgres.StopAsync(StopLimit / 2, limit.Token);
        if (!stopped.Ok)
            _log.StepFailed("stop", stopped.Why);
        if (_core.Watcher.Current is { } watched)
        {
            var look = await _postgres.LookAsync(limit.Token);
            await _core.Locks.ReleaseAsync(watched.View, look, "the agent was stopped", limit.Token);
        }
        await _rest.StopAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _rest.DisposeAsync();
        _keeper.Dispose();
        _watchdog?.Dispose();
        _pulses.Dispose();
        _core.Dispose();
        _fence?.Dispose();
        _peerClient.Dispose();
        _metrics.Dispose();
    }
}
