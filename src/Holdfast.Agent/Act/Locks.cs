using System.Collections.Immutable;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary>What an agent writes to win, keep and give up the lock. Whatever comes of a write, the next turn sees who
/// holds it.</summary>
internal sealed class Locks(
    AgentSettings settings,
    PatroniKeys keys,
    HoldfastKeys ours,
    IStore store,
    LeaseMachine lease,
    AgentState state,
    Func<TimeSpan> now,
    ILogger log)
{
    /// <param name="decision">With the key /sync of the new reign.</param>
    /// <param name="view">That it rests on.</param>
    /// <param name="promotes">A promotion follows: its intent is written with the lock.</param>
    /// <param name="stop">Ends the agent.</param>
    public async ValueTask TakeAsync(
        HaDecision.TakeLock decision, ClusterView view, bool promotes, CancellationToken stop)
    {
        var times = (view.Settings ?? settings.BootstrapDcs).Lease;
        var granted = await store.GrantLeaseAsync(times.Ttl, stop);
        if (granted.Outcome != WriteOutcome.Written)
            return;
        var starts = StartLog.WithIntent(view, settings.Name);
        var result = await store.CommitAsync(
            new Transaction(
                [
                    LeaderUnchanged(decision.LeaderRevision), SyncUnchanged(decision.SyncRevision),
                    StartLog.Unchanged(ours, view),
                ],
                [
                    new Operation.Put(keys.Leader, settings.Name.Value, granted.Lease),
                    new Operation.Put(keys.Sync, SyncJson(decision.Sync)),
                    .. promotes ? [new Operation.Put(ours.Starts, StartsJson.Write(starts))]
                        : ImmutableArray<Operation>.Empty,
                ]),
            stop);
        if (result.Outcome != WriteOutcome.Written)
        {
            Log("taking the lock", result);
            _ = await store.RevokeLeaseAsync(granted.Lease, stop);
            return;
        }
        var revision = result.Header.Revision;
        var term = new Term(view.TermBase + revision);
        (state.Intent, state.IntentUnsure) = (promotes ? new StartIntent(starts[^1].Number, revision) : null, null);
        // It was written with the lock; and what an earlier reign of ours wrote compares a lock that is gone.
        state.Sync = state.Sync with { KeyRevision = revision, KeyUnsure = false };
        state.Reign = new Reign(term, state.LastLeader?.Holder, Cause(view), state.LeaderlessSince ?? now(), now())
        {
            Votes = decision.Why,
        };
        lease.Begin(new LeaseState(term, revision, granted.Lease, TimeSpan.Zero, RaftTerm: 0), times);
    }

    string Cause(ClusterView view) => (state.LastLeader, view.Release) switch
    {
        _ when view.Leader is { } silent => $"{silent.Holder} (term {silent.Term}) was silent, and refused by a quorum",
        ({ } last, { } release) when release.Term >= last.Term => $"{last.Holder} released the lock: {release.Why}",
        ({ } last, _) => $"the lease of {last.Holder} (term {last.Term}) ended",
        _ => "there was no leader",
    };

    /// <summary>Gives the lock up, if it is still ours. PostgreSQL does not write here.</summary>
    /// <param name="view">Of the cluster.</param>
    /// <param name="look">Of PostgreSQL, which has stopped; null where that is not known to have been clean.</param>
    /// <param name="why">The reason.</param>
    /// <param name="stop">Ends the agent.</param>
    public async ValueTask ReleaseAsync(
        ClusterView view, PostgresView? look, string why, CancellationToken stop, NodeName? to = null)
    {
        var (revision, term, leaseId) = lease.State is { } held
            ? (held.ModRevision, held.Term, held.LeaseId)
            : view.Leader is { } leader && leader.Holder == settings.Name
                ? (leader.ModRevision, leader.Term, leader.LeaseId)
                : default;
        if (revision == 0)
            return;
        var release = new ReleaseView(settings.Name, term, why)
        {
            End = look is { ShutdownAt: { } at, Timeline: { } timeline } ? (timeline, at) : null,
            To = to,
        };
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Leader, revision)],
                [
                    new Operation.Delete(keys.Leader),
                    new Operation.Put(ours.Release, ClusterValues.Release(release)),
                ]),
            stop);
        Log("releasing the lock", result);
        // Written or not: PostgreSQL is down, and without renewals the lease ends by itself.
        lease.End();
        _ = await store.RevokeLeaseAsync(leaseId, stop);
    }

    public async ValueTask ClearFailoverAsync(ClusterView view, string why, CancellationToken stop)
    {
        if (view.Failover is not { } wish)
            return;
        log.Event($"switchover wish cleared: {why}");
        Log("clearing the switchover wish", await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Failover, wish.ModRevision)],
                [new Operation.Put(keys.Failover, ClusterValues.NoFailover)]),
            stop));
    }

    /// <summary>The mark comes first: a claim that nobody remembers would wait for its 30 s.</summary>
    public async ValueTask ClaimBootstrapAsync(BootstrapMark mark, CancellationToken stop)
    {
        mark.Set();
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.Missing(keys.Initialize)],
                [
                    new Operation.Put(keys.Initialize, ""),
                    new Operation.Put(keys.Config, settings.BootstrapDcs.Json),
                ]),
            stop);
        Log("claiming the bootstrap", result);
        if (result.Outcome == WriteOutcome.Refused)
            mark.Clear();
    }

    public async ValueTask ClearBootstrapAsync(CancellationToken stop) =>
        Log("clearing an abandoned bootstrap", await store.CommitAsync(
            new Transaction(
                [new Compare.Value(keys.Initialize, ""), new Compare.Missing(keys.Leader)],
                [new Operation.Delete(keys.Initialize)]),
            stop));

    public async ValueTask<StepResult> FinishBootstrapAsync(string? systemIdentifier, CancellationToken stop)
    {
        if (systemIdentifier is null || lease.State is not { } held)
            return StepResult.Failed("no system identifier, or no lock");
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.Value(keys.Initialize, ""), new Compare.ModRevision(keys.Leader, held.ModRevision)],
                [new Operation.Put(keys.Initialize, systemIdentifier)]),
            stop);
        return result.Outcome == WriteOutcome.Written ? StepResult.Done : StepResult.Failed(result.Why);
    }

    Compare LeaderUnchanged(long revision) =>
        revision == 0 ? new Compare.Missing(keys.Leader) : new Compare.ModRevision(keys.Leader, revision);

    Compare SyncUnchanged(long revision) =>
        revision == 0 ? new Compare.Missing(keys.Sync) : new Compare.ModRevision(keys.Sync, revision);

    public static string SyncJson(SyncKey key) => ClusterValues.Sync(key.Leader, key.Standbys, key.Quorum);

    public void Log(string what, CommitResult result)
    {
        if (result.Outcome != WriteOutcome.Written)
            log.WriteFailed(what, result.Outcome.ToString(), result.Why);
    }
}
