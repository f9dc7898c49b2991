using System.Collections.Immutable;
using Holdfast.Agent.Act;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Decisions;
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
    LeaseMachine lease,
    JobSlot jobs,
    Opening opening,
    AgentState state,
    BootstrapMark bootstrap,
    Promises promises,
    StartTimes starts,
    IPulses pulses,
    Func<HostTroubles> host,
    Func<TimeSpan> now)
{
    /// <summary>Peers that need longer do not count in this turn.</summary>
    static readonly TimeSpan PeersLimit = TimeSpan.FromMilliseconds(300);

    /// <param name="looked">Told at once what PostgreSQL looks like, and when that was: peers wait for no more.</param>
    /// <param name="stop">Ends the agent.</param>
    public async ValueTask<(ClusterView? View, SelfView Self)> ObserveAsync(
        Action<PostgresView, TimeSpan> looked, CancellationToken stop)
    {
        lease.Turned(now());
        jobs.Harvest();
        var opens = opening.Harvest();
        var watched = cluster.Current;
        var refused = state.RefusalInForce; // Before the look: a position is final only if it was looked up since.
        var lookedAt = now();
        var look = await postgres.LookAsync(stop);
        looked(look, lookedAt);
        var view = watched?.View;
        // Nothing that takes a lock rests on watch state alone.
        if (view is { Leader: null } && lease.State is null && jobs.View is null)
            view = await ReadNowAsync(view, stop);
        if (view is not null)
            Remember(view, look);
        var self = Self(view, look, refused) with
        {
            Opening = opens,
            IsOpen = opening.IsOpen(view, look),
            ViewAge = watched is { } seen ? now() - seen.FreshAt : TimeSpan.MaxValue,
            CloneFailed = state.CloneFailed is { } failed ? new FailureView(failed.Why, now() - failed.At) : null,
            Disk = host().Disk,
            WatchdogFailed = host().WatchdogFailed,
        };
        return (view, view is null || lease.State is not null || jobs.View is not null
            ? self
            : await WithVotesAsync(view, self, stop));
    }

    SelfView Self(ClusterView? view, PostgresView look, Term refused)
    {
        var mayWrite = lease.MayWrite(now());
        return new SelfView
        {
            Name = settings.Name,
            Postgres = look,
            HasLease = mayWrite,
            LeasePending = !mayWrite && lease.State is not null,
            Term = lease.State?.Term ?? Term.None,
            Job = jobs.View,
            Leaderless = now() - state.LeaderlessSince,
            LastTerm = cluster.HighestTerm,
            RefusalNoted = promises.Refused,
            Refused = refused,
            Silence = view?.Leader is { } leads ? Silence(leads, look) : null,
            Promised = promises.Bound,
            OnFailsafe = lease.OnFailsafe,
            StoreRestored = cluster.Restored,
            Bootstrapping = bootstrap.IsSet,
            Hosts = [.. settings.Hosts.Keys],
            InitializeAbandoned = now() - state.InitializeEmptySince,
            History = state.History,
            HistoryAge = now() - state.HistoryAt,
            NotStreaming = now() - state.NotStreamingSince,
            FailedStarts = state.StartsTerm == lease.State?.Term ? state.FailedStarts : 0,
            Starting = now() - state.StartingSince,
            Mute = now() - state.MuteSince,
            Sync = state.Sync,
            Alone = now() - state.AloneSince,
            NoFailover = settings.NoFailover,
            FailoverPriority = settings.FailoverPriority,
            ExpectedStart = starts.Expected,
        };
    }

    /// <summary>Whoever might take the lock asks whether it is free, and the others what they have.</summary>
    async ValueTask<SelfView> WithVotesAsync(ClusterView view, SelfView self, CancellationToken stop)
    {
        if (view.Leader is null)
        {
            return self with
            {
                Lock = await FreedomAsync(view, stop),
                Peers = await AskPeersAsync(view, stop),
            };
        }
        return view.Settings is { } dynamic && Takeover.Suspects(view, self, dynamic)
            ? self with { Peers = await AskPeersAsync(view, stop) }
            : self;
    }

    // The younger of the two; a leader whose pulses were never heard proves nothing by its silence.
    TimeSpan? Silence(LeaderView leader, PostgresView look) =>
        pulses.LastHeard(leader.Term) is { } heard
            ? look.WalSilence is { } wal && wal < now() - heard ? wal : now() - heard
            : null;

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
        RememberStreaming(look);
        RememberStart(look);
        RememberMute(look);
        state.StartingSince = look.State == PostgresState.Starting ? state.StartingSince ?? now() : null;
        var alone = look.State == PostgresState.Primary && look.WalSenders.All(sender => sender.State != "streaming");
        state.AloneSince = alone ? state.AloneSince ?? now() : null;
        state.Sync = state.Sync.Seen(look);
    }

    // Alive, has answered as a primary before, and answers no more: frozen, or on a hung disk.
    void RememberMute(PostgresView look)
    {
        if (look.State == PostgresState.Primary)
            state.PrimaryProcess = postgres.Postmaster;
        var isMute = look.State == PostgresState.Starting && state.PrimaryProcess is { } process
            && postgres.Postmaster == process;
        state.MuteSince = isMute ? state.MuteSince ?? now() : null;
    }

    void RememberStart(PostgresView look)
    {
        if (state.StartBeganAt is not { } began || look.State is PostgresState.Starting)
            return;
        // Stopped: it has not begun yet, or has failed; the next start sets the time anew.
        if (look.State == PostgresState.Stopped)
            return;
        state.StartBeganAt = null;
        if (look.State == PostgresState.Primary)
            starts.Remember(now() - began);
    }

    void RememberStreaming(PostgresView look)
    {
        // Whoever replays what it has does not need the leader's log yet.
        var replays = look.Replayed > state.ReplayedThen;
        state.ReplayedThen = look.Replayed;
        state.NotStreamingSince = look is not { State: PostgresState.Replica, Streaming: false } ? null
            : replays ? now()
            : state.NotStreamingSince ?? now();
        // A stream that ended may have a reason that was not there when histories were compared. Not while it lasts:
        // histories are also compared while the old leader's stream goes on.
        if (state.StreamedThen && !look.Streaming)
            state.ForgetComparison();
        state.StreamedThen = look.Streaming;
        if (look.Streaming)
            state.CloneFailed = null;
    }

    async ValueTask<LockFreedom> FreedomAsync(ClusterView view, CancellationToken stop)
    {
        if (state.LastLeader is not { } last)
            return LockFreedom.Unknown;
        if (view.Release is { } release && release.Term >= last.Term)
            return LockFreedom.Released;
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
        peer != state.LastLeader?.Holder || view.Sync is not { } sync || sync.Standbys.Contains(peer)
        // Nor where the key alone does not let this node win.
        || sync.ModRevision < view.TermBaseRevision
        || !(sync.Leader == settings.Name || sync.Standbys.Contains(settings.Name));
}
