using System.Collections.Immutable;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Observe;

/// <summary>One look at everything: the cluster, this node, and (only when there is a lock to win) the peers.</summary>
internal sealed class Observer(
    AgentSettings settings,
    IClusterSource cluster,
    IStore store,
    IPostgres postgres,
    IPeers peers,
    LeaseKeeper lease,
    JobSlot jobs,
    AgentState state,
    BootstrapMark bootstrap,
    Func<TimeSpan> now)
{
    /// <summary>Peers that need longer do not count in this turn.</summary>
    static readonly TimeSpan PeersLimit = TimeSpan.FromMilliseconds(300);

    /// <param name="looked">Told at once what PostgreSQL looks like, and when that was: peers wait for no more.</param>
    /// <param name="stop">Ends the agent.</param>
    public async ValueTask<(ClusterView? View, SelfView Self)> ObserveAsync(
        Action<PostgresView, TimeSpan> looked, CancellationToken stop)
    {
        jobs.Harvest();
        var watched = cluster.Current;
        var lookedAt = now();
        var look = await postgres.LookAsync(stop);
        looked(look, lookedAt);
        var view = watched?.View;
        // Nothing that takes a lock rests on watch state alone.
        if (view is { Leader: null } && lease.State is null && jobs.View is null)
            view = await ReadNowAsync(view, stop);
        if (view is not null)
            Remember(view, look);
        var campaigns = view is { Leader: null } && lease.State is null && jobs.View is null;
        var mayWrite = lease.MayWrite;
        return (view, new SelfView
        {
            Name = settings.Name,
            Postgres = look,
            HasLease = mayWrite,
            LeasePending = !mayWrite && lease.State is not null,
            Term = lease.State?.Term ?? Term.None,
            Job = jobs.View,
            ViewAge = watched is { } seen ? now() - seen.FreshAt : TimeSpan.MaxValue,
            Leaderless = now() - state.LeaderlessSince,
            Lock = campaigns ? await FreedomAsync(view!, stop) : LockFreedom.Unknown,
            StoreRestored = cluster.Restored,
            Peers = campaigns ? await AskPeersAsync(view!, stop) : [],
            Bootstrapping = bootstrap.IsSet,
            Hosts = [.. settings.Hosts.Keys],
            InitializeAbandoned = now() - state.InitializeEmptySince,
            History = state.History,
            NotStreaming = now() - state.NotStreamingSince,
            FailedStarts = state.StartsTerm == lease.State?.Term ? state.FailedStarts : 0,
            Starting = now() - state.StartingSince,
            Sync = state.Sync,
            Alone = now() - state.AloneSince,
            NoFailover = settings.NoFailover,
            FailoverPriority = settings.FailoverPriority,
            ExpectedStart = state.ExpectedStart ??= StartTimes.Read(settings.StateDirectory),
        });
    }

    async ValueTask<ClusterView> ReadNowAsync(ClusterView watched, CancellationToken stop)
    {
        try
        {
            return await cluster.ReadNowAsync(stop);
        }
        catch (StoreUnavailableException)
        {
            return watched; // Without the store nothing can be won: the transaction would not go through either.
        }
    }

    void Remember(ClusterView view, PostgresView look)
    {
        if (view.Leader is { } leader)
            (state.LastLeader, state.LeaderlessSince) = (leader, null);
        else
            state.LeaderlessSince ??= now();
        state.InitializeEmptySince = view is { Initialize: "", Leader: null } ? state.InitializeEmptySince ?? now()
            : null;
        state.NotStreamingSince = look is { State: PostgresState.Replica, Streaming: false }
            ? state.NotStreamingSince ?? now() : null;
        state.StartingSince = look.State == PostgresState.Starting ? state.StartingSince ?? now() : null;
        var alone = look.State == PostgresState.Primary && look.WalSenders.All(sender => sender.State != "streaming");
        state.AloneSince = alone ? state.AloneSince ?? now() : null;
        state.Sync = state.Sync.Seen(look);
    }

    async ValueTask<LockFreedom> FreedomAsync(ClusterView view, CancellationToken stop)
    {
        if (state.LastLeader is not { } last)
            return LockFreedom.Unknown;
        if (view.Release is { } release && release.Term >= last.Term)
            return LockFreedom.Free;
        try
        {
            return await store.TimeToLiveAsync(last.LeaseId, stop) is null ? LockFreedom.Free : LockFreedom.LeaseAlive;
        }
        catch (StoreUnavailableException)
        {
            return LockFreedom.Unknown;
        }
    }

    ValueTask<ImmutableArray<PeerAnswer>> AskPeersAsync(ClusterView view, CancellationToken stop)
    {
        // Before there is a cluster there are no member keys to trust: the file's hosts are asked. The last leader is
        // asked only where it has a vote: dead, it would cost every turn its whole limit.
        var urls = view.Initialize is { Length: > 0 }
            ? view.Members.Where(member => member.Name != settings.Name && IsAsked(view, member.Name))
                .Select(member => member.ApiUrl)
            : settings.Hosts.Where(host => host.Key != settings.Name).Select(host => $"http://{host.Value}/patroni");
        return peers.AskAsync([.. urls], PeersLimit, stop);
    }

    bool IsAsked(ClusterView view, NodeName peer) =>
        peer != state.LastLeader?.Holder || view.Sync is null || view.Sync.Standbys.Contains(peer);
}
