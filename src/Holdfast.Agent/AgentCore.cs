using Holdfast.Agent.Act;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent;

/// <summary>What observes, decides and acts, put together by hand, without doors, threads and sockets of its own: in
/// production <see cref="HaAgent"/> gives it the real ones, in proof the simulator gives it a simulated
/// world.</summary>
internal sealed class AgentCore : IDisposable
{
    readonly IPostgres _postgres;
    readonly TimeProvider _clock;
    readonly ILogger _log;

    public AgentCore(
        AgentSettings settings, IStore store, IPostgres postgres, IPeers peers, IPulses pulses, LeaseMachine lease,
        INotes notes, Promises promises, TimeProvider clock, ILogger log)
    {
        (_postgres, _clock, _log) = (postgres, clock, log);
        var state = new AgentState();
        var keys = new PatroniKeys(settings.Namespace, settings.Scope);
        var ours = new HoldfastKeys(settings.Scope);
        var bootstrap = new BootstrapMark(notes);
        TimeSpan Now() => clock.GetElapsedTime(0);
        bool StoreIsSilent() => StoreAge >= Failsafe.StoreSilentAfter;
        Watcher = new ClusterWatcher(store, keys, ours, clock, log);
        Jobs = new JobSlot(Now, Nudge, log);
        Openings = new JobSlot(Now, Nudge, log);
        var starts = new StartLog(
            settings, keys, ours, store, postgres.StartFactsAsync, lease, state, StoreIsSilent, log);
        var opening = new Opening(
            settings, starts, () => postgres.Postmaster, postgres.BarrierAsync, lease, Openings, state, StoreIsSilent,
            Now, log);
        var source = new ClusterSource(Watcher, TermLedger.Open(notes, clock));
        var observer = new Observer(
            settings, source, store, postgres, peers, lease, Jobs, opening, state, bootstrap, promises,
            new StartTimes(notes, log), pulses, () => Host(), Now);
        Locks = new Locks(settings, keys, ours, store, lease, state, Now, log);
        var journal = new Journal(settings, keys, ours, store, postgres, state, clock, log);
        var reigning = new Reigning(
            settings, keys, store, postgres, lease, state, Locks, journal, pulses, StoreIsSilent, Nudge, Now, log);
        var actor = new Actor(
            settings, postgres, lease, Jobs, state, bootstrap, Locks, starts, reigning, promises, peers, Nudge,
            clock, log);
        Loop = new HaLoop(
            settings, observer, actor, opening,
            new Publisher(settings, keys, store, state, StoreIsSilent, () => Host().Disk, Now),
            postgres, state, clock, log);
        Watcher.Changed += () => Nudge("the cluster changed");
        lease.Changed += LeaseChanged;
        postgres.Ended += PostgresEnded;
    }

    /// <summary>What is wrong with the host; asked in every turn.</summary>
    public Func<HostTroubles> Host { get; init; } = static () => new HostTroubles(DiskView.Well, false);

    public HaLoop Loop { get; }
    public ClusterWatcher Watcher { get; }
    public Locks Locks { get; }
    public JobSlot Jobs { get; }

    /// <summary>What lets clients in, beside <see cref="Jobs"/>.</summary>
    public JobSlot Openings { get; }

    /// <summary>How old the store's last word is.</summary>
    public TimeSpan StoreAge =>
        Watcher.Current is { } watched ? _clock.GetElapsedTime(0) - watched.FreshAt : TimeSpan.MaxValue;

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var watching = Watcher.RunAsync(stop);
        await Loop.RunAsync(stop);
        await watching;
    }

    void Nudge(string why) => Loop?.Nudge(why);

    // Without a view that is as new, the member key would go on telling the former term, and the proxies wait for it.
    void LeaseChanged(string why)
    {
        Watcher.Retry();
        Nudge(why);
    }

    void PostgresEnded()
    {
        _log.PostgresEnded();
        Nudge("PostgreSQL ended");
    }

    public void Dispose()
    {
        _postgres.Ended -= PostgresEnded;
        Jobs.Dispose();
        Openings.Dispose();
    }
}
