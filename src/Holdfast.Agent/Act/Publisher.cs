using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary>Keeps this member's key: what it says of itself, on a lease of its own.</summary>
internal sealed class Publisher(
    AgentSettings settings, PatroniKeys keys, IStore store, AgentState state, Func<bool> storeIsSilent,
    Func<DiskView> disk, Func<TimeSpan> now)
{
    /// <summary>The version of Patroni whose keys and answers we follow: other members compare it.</summary>
    public const string PatroniVersion = "4.1.4";

    /// <summary>How often what always changes is written, in terms of loop_wait: below one, so that every regular turn
    /// does.</summary>
    public const double PositionPace = 0.5;

    /// <returns>True: all that is new is in the store.</returns>
    public async ValueTask<bool> PublishAsync(AgentView view, DynamicSettings dynamic, CancellationToken stop)
    {
        // Every try would take its whole limit, and the loop has better to do.
        if (storeIsSilent())
            return News(view) == state.MemberNews;
        // Twice the lock's ttl: a member outlives an etcd election, and the lock does not wait for it.
        var ttl = 2 * dynamic.Ttl;
        // What is new is waited for; positions and the lease have time. On a busy database a position is always new,
        // and each write wakes every agent: without a pace they would wake each other without end.
        var isDue = !(now() - state.PositionsAt < dynamic.LoopWait * PositionPace);
        var (described, news) = (Describe(view), News(view));
        if (IsGone(view.Cluster))
            state.MemberLease = 0;
        if (!await EnsureLeaseAsync(ttl, stop))
            return false;
        if (news != state.MemberNews || (isDue && described != state.MemberWritten))
            await WriteAsync(described, news, stop);
        if (isDue && state.MemberLease != 0)
            await KeepAliveAsync(stop);
        return news == state.MemberNews;
    }

    // Others wait for that. A view from before the write does not show it either.
    bool IsGone(ClusterView? cluster) => state.MemberNews is not null && cluster is not null
        && cluster.Revision >= state.MemberRevision && cluster.Member(settings.Name) is null;

    async ValueTask WriteAsync(MemberView described, MemberView news, CancellationToken stop)
    {
        var put = new Operation.Put(keys.Member(settings.Name.Value), MemberJson.Write(described), state.MemberLease);
        var result = await store.CommitAsync(new Transaction([], [put]), stop);
        if (result.Outcome == WriteOutcome.Written)
        {
            (state.MemberWritten, state.MemberNews, state.MemberRevision) = (described, news, result.Header.Revision);
            if (described.HandsOver)
                state.HandOver?.Told();
        }
        else if (result.Outcome == WriteOutcome.Refused)
            state.MemberLease = 0; // It is gone; the next turn makes a new one.
    }

    async ValueTask KeepAliveAsync(CancellationToken stop)
    {
        state.PositionsAt = now();
        try
        {
            if (await store.KeepAliveAsync(state.MemberLease, stop) is null)
                state.MemberLease = 0;
        }
        catch (StoreUnavailableException)
        {
            // The next turn tries again.
        }
    }

    async ValueTask<bool> EnsureLeaseAsync(TimeSpan ttl, CancellationToken stop)
    {
        if (state.MemberLease != 0 && state.MemberLeaseTtl == ttl)
            return true;
        var granted = await store.GrantLeaseAsync(ttl, stop);
        (state.MemberLease, state.MemberLeaseTtl, state.MemberNews) = (granted.Lease, ttl, null);
        return granted.Outcome == WriteOutcome.Written;
    }

    // Positions have time.
    MemberView News(AgentView view) =>
        Describe(view) with { Position = Lsn.Zero, Received = null, Replayed = null };

    MemberView Describe(AgentView view)
    {
        var runs = view.Postgres.State is PostgresState.Primary or PostgresState.Replica;
        var replica = view.Postgres.State == PostgresState.Replica;
        return new MemberView
        {
            Name = settings.Name,
            ConnUrl = view.ConnUrl ?? "",
            ApiUrl = view.ApiUrl ?? "",
            State = view.State,
            Role = view.Role,
            Version = PatroniVersion,
            Position = runs ? view.Postgres.Position : Lsn.Zero,
            Received = replica ? view.Postgres.Received : null,
            Replayed = replica ? view.Postgres.Replayed : null,
            ReplicationState = replica && view.Postgres.Streaming ? "streaming" : null,
            Timeline = view.Postgres.Timeline,
            NoFailover = settings.NoFailover,
            NoLoadBalance = settings.NoLoadBalance,
            NoSync = settings.NoSync,
            FailoverPriority = settings.FailoverPriority,
            SyncPriority = settings.SyncPriority,
            PendingRestart = view.Postgres.PendingRestart,
            Term = view.Role == "primary" ? view.Term : Term.None,
            Refused = view.Refused,
            Seen = view.Seen,
            Takeover = view.Postgres.State != PostgresState.Primary || view.Postgres.CommitsAreSynchronous,
            Disk = disk() is { IsWell: false } trouble ? trouble.Word : "",
            PostmasterStarted = view is { Role: "primary", State: "running" } ? view.Postgres.PostmasterStarted : 0,
            HandsOver = view.HandsOver,
            Successor = view.Successor,
        };
    }
}
