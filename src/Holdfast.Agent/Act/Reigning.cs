using System.Collections.Immutable;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary>What a primary does in every turn: slots, position, one step of the synchronous set, and, once, the record
/// of how
/// its reign began.</summary>
internal sealed class Reigning(
    AgentSettings settings,
    PatroniKeys keys,
    IStore store,
    IPostgres postgres,
    LeaseMachine lease,
    AgentState state,
    Locks locks,
    Journal journal,
    IPulses pulses,
    Func<bool> storeIsSilent,
    Action<string> nudge,
    Func<TimeSpan> now,
    ILogger log)
{
    public async ValueTask LeadAsync(
        HaDecision.Lead decision, ClusterView view, PostgresView look, CancellationToken stop)
    {
        lease.RaiseBase(view.TermBase);
        if (lease.State is not { } held)
            return;
        var others = view.Members.Where(member => member.Name != settings.Name && member.ApiUrl.Length > 0).ToList();
        pulses.SendTo(held.Term, view.Settings is { EarlyTakeover: true } ? others.ConvertAll(m => m.ApiUrl) : []);
        KeepFailsafe(view);
        await KeepSlotsAsync(view, look, stop);
        await StepAsync(decision.Sync, held, stop);
        if (storeIsSilent())
            return; // Every try would take its whole limit.
        await WriteFailsafeAsync(view, held, stop);
        await PublishPositionAsync(view, look, held, stop);
        await journal.RecordAsync(view, held, stop);
    }

    // Those that stand in the store, since only they may take the lock, and those that are about to: a member that is
    // written there a moment before the store falls silent is asked, too.
    void KeepFailsafe(ClusterView view) => lease.Failsafe(
        view is { Settings.FailsafeMode: true } && view.Failsafe.ContainsKey(settings.Name)
            ? new FailsafeMembers([.. view.Failsafe.SetItems(WantedInFailsafe(view)).Remove(settings.Name).Values])
            : null);

    static ImmutableSortedDictionary<NodeName, string> WantedInFailsafe(ClusterView view) =>
        view.Settings is { FailsafeMode: true }
            ? view.Members.Where(member => member.ApiUrl.Length > 0)
                .ToImmutableSortedDictionary(member => member.Name, member => member.ApiUrl)
            : ImmutableSortedDictionary<NodeName, string>.Empty;

    async ValueTask WriteFailsafeAsync(ClusterView view, LeaseState held, CancellationToken stop)
    {
        var wanted = WantedInFailsafe(view);
        if (wanted.SequenceEqual(view.Failsafe))
            return;
        locks.Log("writing /failsafe", await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Leader, held.ModRevision)],
                [wanted.IsEmpty
                    ? new Operation.Delete(keys.Failsafe)
                    : new Operation.Put(keys.Failsafe, ClusterValues.Failsafe(wanted))]),
            stop));
    }

    /// <summary>Slots of every host of the file and of every member: a member that is away keeps its write-ahead log,
    /// up to max_slot_wal_keep_size. First before the promotion, for those who follow at once.</summary>
    public async ValueTask KeepSlotsAsync(ClusterView view, PostgresView look, CancellationToken stop)
    {
        if (view.Settings is { UseSlots: false })
            return;
        var wanted = settings.Hosts.Keys
            .Concat(view.Members.Select(member => member.Name))
            .Where(name => name != settings.Name)
            .Select(name => name.SlotName)
            .ToHashSet(StringComparer.Ordinal);
        if (wanted.All(look.Slots.ContainsKey))
            return;
        var set = await postgres.SetMemberSlotsAsync(wanted, stop);
        if (!set.Ok)
            log.StepFailed("slots", set.Why);
    }

    async ValueTask StepAsync(SyncStep step, LeaseState held, CancellationToken stop)
    {
        switch (step)
        {
            case SyncStep.Nothing:
                return;
            case SyncStep.WriteKey d:
                await WriteKeyAsync(d, held, stop);
                return; // The watch brings the new key, and with it the next turn.
            case SyncStep.SetNames d:
                Report(d.Names.Text, d.Why, await postgres.SetSynchronousStandbysAsync(d.Names.Text, stop));
                break;
            case SyncStep.EndWalSender d:
                Report($"end of {d.Member}'s walsender", d.Why, await postgres.TerminateWalSenderAsync(d.Pid, stop));
                break;
        }
        nudge("next step of the synchronous set");
    }

    async ValueTask WriteKeyAsync(SyncStep.WriteKey step, LeaseState held, CancellationToken stop)
    {
        // Until the store has said so, the write may arrive at any time.
        state.Sync = state.Sync with { KeyUnsure = true };
        var result = await store.CommitAsync(
            new Transaction(
                [
                    new Compare.ModRevision(keys.Leader, held.ModRevision),
                    step.Revision == 0 ? new Compare.Missing(keys.Sync)
                        : new Compare.ModRevision(keys.Sync, step.Revision),
                ],
                [new Operation.Put(keys.Sync, Locks.SyncJson(step.Key))]),
            stop);
        locks.Log("writing /sync", result);
        if (result.Outcome == WriteOutcome.Written)
            state.Sync = state.Sync with { KeyUnsure = false, KeyRevision = result.Header.Revision };
        // Perhaps the lock is not ours any more: a round now finds out, and fences.
        else if (result.Outcome == WriteOutcome.Refused)
            lease.Refresh();
        log.SyncStepTaken($"{step.Key.Quorum} of {string.Join(',', step.Key.Standbys)} must answer", step.Why);
    }

    void Report(string step, string why, StepResult result)
    {
        if (result.Ok)
            log.SyncStepTaken(step, why);
        else
            log.StepFailed(step, result.Why);
    }

    async ValueTask PublishPositionAsync(
        ClusterView view, PostgresView look, LeaseState held, CancellationToken stop)
    {
        var position = look.Written ?? Lsn.Zero;
        var pace = (view.Settings ?? settings.BootstrapDcs).LoopWait * Publisher.PositionPace;
        if (position == state.StatusWritten || now() - state.StatusAt < pace)
            return;
        state.StatusAt = now();
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Leader, held.ModRevision)],
                [new Operation.Put(keys.Status,
                    ClusterValues.Status(position, ImmutableSortedDictionary<string, Lsn>.Empty, []))]),
            stop);
        if (result.Outcome == WriteOutcome.Written)
            state.StatusWritten = position;
    }
}
