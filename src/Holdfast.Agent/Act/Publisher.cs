using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary>Keeps this member's key: what it says of itself, on a lease of its own.</summary>
internal sealed class Publisher(
    AgentSettings settings, PatroniKeys keys, IStore store, AgentState state, Func<bool> storeIsSilent,
    Func<DiskView> disk)
{
    /// <summary>The version of Patroni whose keys and answers we follow: other members compare it.</summary>
    public const string PatroniVersion = "4.1.4";

    public async ValueTask PublishAsync(AgentView view, DynamicSettings dynamic, CancellationToken stop)
    {
        // Every try would take its whole limit, and the loop has better to do.
        if (storeIsSilent())
            return;
        // Twice the lock's ttl: a member outlives an etcd election, and the lock does not wait for it.
        var ttl = 2 * dynamic.Ttl;
        if (!await KeepLeaseAsync(ttl, stop))
            return;
        var json = MemberJson.Write(Describe(view));
        if (json == state.MemberWritten)
            return;
        var result = await store.CommitAsync(
            new Transaction([], [new Operation.Put(keys.Member(settings.Name.Value), json, state.MemberLease)]), stop);
        if (result.Outcome == WriteOutcome.Written)
            state.MemberWritten = json;
        else if (result.Outcome == WriteOutcome.Refused)
            state.MemberLease = 0; // The lease is gone; the next turn makes a new one.
    }

    async ValueTask<bool> KeepLeaseAsync(TimeSpan ttl, CancellationToken stop)
    {
        try
        {
            if (state.MemberLease != 0 && state.MemberLeaseTtl == ttl
                && await store.KeepAliveAsync(state.MemberLease, stop) is not null)
            {
                return true;
            }
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
        var granted = await store.GrantLeaseAsync(ttl, stop);
        (state.MemberLease, state.MemberLeaseTtl, state.MemberWritten) = (granted.Lease, ttl, "");
        return granted.Outcome == WriteOutcome.Written;
    }

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
            Takeover = view.Postgres.State != PostgresState.Primary || view.Postgres.CommitsAreSynchronous,
            Disk = disk() is { IsWell: false } trouble ? trouble.Word : "",
        };
    }
}
