using System.Collections.Immutable;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Act;

/// <summary> Writes down each start of a primary: the intent before it can assign a transaction id, the rest once it
/// is known. The intent of a promotion goes with the lock (<see cref="Locks.TakeAsync"/>). Each write compares the
/// lock, so that whoever lost it writes nothing, and the list, so that nothing is lost between two writers.
/// </summary>
/// <remarks>Without the store there is no intent, and without an intent no start: a primary that ended while failsafe
/// mode kept it stays down until the store answers again, if its lease lasts so long. A start that is missing in the
/// list would make every proxy take the next one's T for its own, and tell of a commit that is not there.</remarks>
internal sealed class StartLog(
    AgentSettings settings,
    PatroniKeys keys,
    HoldfastKeys ours,
    IStore store,
    Func<CancellationToken, ValueTask<StartFacts?>> facts,
    LeaseMachine lease,
    AgentState state,
    Func<bool> storeIsSilent,
    ILogger log)
{
    /// <summary>The list with the intent of the next start by <paramref name="name"/>.</summary>
    public static ImmutableArray<PrimaryStart> WithIntent(ClusterView view, NodeName name) => view.Starts.Add(
        new PrimaryStart { Number = view.Starts is [.., var last] ? last.Number + 1 : 1, By = name });

    /// <summary>True: the intent of a start that has not been made yet stands in the store, and the start may be
    /// made.</summary>
    public async ValueTask<bool> IntendAsync(ClusterView view, CancellationToken stop)
    {
        if (state.Intent is { IsUsed: false } ready && view.StartsRevision <= ready.Revision)
            return true;
        // A write whose outcome was not known has arrived.
        if (view.Starts is [.., { IsComplete: false } last] && last.By == settings.Name
            && last.Number == state.IntentUnsure)
        {
            Stands(last.Number, view.StartsRevision);
            return true;
        }
        if (lease.State is not { } held || storeIsSilent())
        {
            if (!state.IntentWaits)
                log.StartWaits();
            state.IntentWaits = true;
            return false;
        }
        var starts = WithIntent(view, settings.Name);
        state.IntentUnsure = starts[^1].Number;
        var result = await WriteAsync(starts, view, held, stop);
        if (result.Outcome == WriteOutcome.Written)
            Stands(starts[^1].Number, result.Header.Revision);
        return result.Outcome == WriteOutcome.Written;
    }

    /// <summary>The intent that stands is this start's, and no other's.</summary>
    public void Use() => state.Intent = state.Intent! with { IsUsed = true };

    /// <summary>By whoever wrote it.</summary>
    public void Stands(long number, long revision) =>
        (state.Intent, state.IntentUnsure, state.IntentWaits) = (new StartIntent(number, revision), null, false);

    /// <summary>True: the running primary's start stands in the list, complete.</summary>
    public bool IsRecorded(ClusterView view, PostgresView look) => view.Starts.Any(start =>
        start.By == settings.Name && start.IsComplete && start.PostmasterStarted == look.PostmasterStarted);

    /// <summary>Completes the entry of the running primary. One whose beginning no living agent saw gets an entry
    /// without T.</summary>
    /// <returns>The revision at which it stands.</returns>
    public async ValueTask<(StepResult Result, long? Revision)> RecordAsync(
        ClusterView view, LeaseState held, StartIntent? intent, CancellationToken stop)
    {
        // Keys of the two prefixes come apart. One that is gone since is another matter: it is written anew.
        if (view.StartsRevision < intent?.Revision && view.Revision <= intent.Revision)
            return (StepResult.Failed("the view does not show the intent of the start yet"), null);
        if (await facts(stop) is not { } began)
            return (StepResult.Failed("PostgreSQL does not tell how it began"), null);
        var isIntended = intent is { IsUsed: true } && view.Starts is [.., { IsComplete: false } last]
            && last.Number == intent.Number && last.By == settings.Name;
        var before = isIntended ? view.Starts[..^1] : view.Starts;
        // Somebody was primary in between who writes no list: a Patroni member, for one.
        var isNext = before is not [.., { IsComplete: true } former] || former.Timeline == began.ParentTimeline;
        var start = (isIntended ? view.Starts[^1] : WithIntent(view, settings.Name)[^1]) with
        {
            Term = held.Term,
            Timeline = began.Timeline,
            ParentTimeline = began.ParentTimeline,
            PostmasterStarted = began.PostmasterStarted,
            NextXid = isIntended && isNext ? began.NextXid : null,
        };
        var result = await WriteAsync(before.Add(start), view, held, stop);
        if (result.Outcome != WriteOutcome.Written)
            return (StepResult.Failed($"the start is not on record: {result.Why}"), null);
        log.Started(start.Number, start.Timeline, start.NextXid,
            !isIntended ? "no intent of it stood in the store"
                : isNext ? began.Why : "the list lacks what its timeline comes from");
        return (StepResult.Done, result.Header.Revision);
    }

    async ValueTask<CommitResult> WriteAsync(
        ImmutableArray<PrimaryStart> starts, ClusterView view, LeaseState held, CancellationToken stop)
    {
        var result = await store.CommitAsync(
            new Transaction(
                [new Compare.ModRevision(keys.Leader, held.ModRevision), Unchanged(ours, view)],
                [new Operation.Put(ours.Starts, StartsJson.Write(starts))]),
            stop);
        if (result.Outcome != WriteOutcome.Written)
            log.WriteFailed("writing a start down", result.Outcome.ToString(), result.Why);
        // Perhaps the lock is not ours any more: a round now finds out, and fences.
        if (result.Outcome == WriteOutcome.Refused)
            lease.Refresh();
        return result;
    }

    /// <summary>Nobody has written the list since <paramref name="view"/>.</summary>
    public static Compare Unchanged(HoldfastKeys ours, ClusterView view) => view.StartsRevision == 0
        ? new Compare.Missing(ours.Starts)
        : new Compare.ModRevision(ours.Starts, view.StartsRevision);
}

/// <summary>An entry of ours in the list of starts that says only that one follows.</summary>
/// <param name="Number">Of the entry.</param>
/// <param name="Revision">At which it stands.</param>
internal sealed record StartIntent(long Number, long Revision)
{
    /// <summary>A start was begun under it: another start needs another.</summary>
    public bool IsUsed { get; init; }
}
