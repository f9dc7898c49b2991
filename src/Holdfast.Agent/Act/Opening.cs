using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent.Act;

/// <summary> Lets clients in: a primary is shown as running once its start is on record and a commit of its own met
/// the synchronous rule, since until then it shows its readers commits that it alone has, and that the next failover
/// takes back. Both go on in a job beside the main one, for what ends the wait for missing standbys is daily work.
/// Called by the loop's thread.
/// </summary>
internal sealed class Opening(
    AgentSettings settings,
    StartLog starts,
    Func<ProcessIdentity?> postmaster,
    Func<TimeSpan, CancellationToken, ValueTask<StepResult>> barrier,
    LeaseMachine lease,
    JobSlot work,
    AgentState state,
    Func<bool> storeIsSilent,
    Func<TimeSpan> now,
    ILogger log)
{
    /// <summary>A primary without standbys waits for ttl, then gives the rule up (SyncFacts.SurelyAlone), and its
    /// barrier passes. Whatever keeps it longer than that and this (a strict mode, a standby that is there and hangs)
    /// keeps writes back, as it did before; reads are let in all the same: a cluster that waits for its standbys for
    /// good would be down for those who only look something up.</summary>
    public static readonly TimeSpan OverTtl = TimeSpan.FromSeconds(2);

    static readonly TimeSpan BarrierMin = TimeSpan.FromMilliseconds(100);

    /// <summary>Takes what a finished job brought; null: none is under way.</summary>
    public JobView? Harvest()
    {
        work.Harvest();
        return work.View;
    }

    /// <summary>Whether the running primary lets clients in.</summary>
    public bool IsOpen(ClusterView? view, PostgresView look)
    {
        if (look.State != PostgresState.Primary || postmaster() is not { } server)
            return false;
        if (view is null)
            return state.Intent is null; // Adopted, and the store has not said yet what it said of itself.
        if (state.Opening is not { } opening || opening.Server != server)
            state.Opening = opening = new OpeningState(server, now()) { HasServed = HasServed(view, look) };
        if (!opening.IsOpen && !opening.IsGivenUp && now() - opening.Since >= Limit(view))
        {
            log.OpenedUnmet(Limit(view).TotalSeconds);
            state.Opening = opening = opening with { IsGivenUp = true };
        }
        return opening.IsOpen;
    }

    // Before this agent's life: to close it again would cut those who are in.
    bool HasServed(ClusterView view, PostgresView look) =>
        view.Member(settings.Name) is { Role: "primary", State: "running" } shown
        && (shown.PostmasterStarted == look.PostmasterStarted
            || (shown.PostmasterStarted == 0 && state.Intent is null));

    /// <summary>Begins what is still to be done, unless it is under way.</summary>
    public void Begin(ClusterView? view, SelfView self, CancellationToken stop)
    {
        if (view is null || !self.HasLease || self.Postgres.State != PostgresState.Primary || work.View is not null
            || state.Opening is not { } opening || lease.State is not { } held)
            return;
        var needsBarrier = opening is { IsMet: false, HasServed: false, IsGivenUp: false };
        var needsRecord = !storeIsSilent() && !starts.IsRecorded(view, self.Postgres)
            && !(view.Revision < opening.RecordedAt);
        if (!needsBarrier && !needsRecord)
        {
            if (opening.RecordedAt is null && starts.IsRecorded(view, self.Postgres))
                state.Opening = opening with { RecordedAt = view.Revision };
            return;
        }
        var left = Limit(view) - (now() - opening.Since);
        Start(view, held, opening.Server, needsRecord, needsBarrier ? Max(left, BarrierMin) : null, stop);
    }

    void Start(
        ClusterView view, LeaseState held, ProcessIdentity server, bool needsRecord, TimeSpan? limit,
        CancellationToken stop)
    {
        var intent = state.Intent;
        long? recorded = null;
        var isMet = false;
        work.Start("opening", async token =>
        {
            // Side by side: the standbys are only just coming.
            var passing = limit is { } within ? barrier(within, token).AsTask() : null;
            var result = StepResult.Done;
            if (needsRecord)
                (result, recorded) = await starts.RecordAsync(view, held, intent, token);
            if (passing is null)
                return result;
            var passed = await passing;
            isMet = passed.Ok;
            return result.Ok ? passed : result;
        }, _ => Ended(server, recorded, isMet), stop);
    }

    void Ended(ProcessIdentity server, long? recorded, bool isMet)
    {
        if (state.Opening is { } opening && opening.Server == server)
        {
            state.Opening = opening with
            {
                RecordedAt = recorded ?? opening.RecordedAt,
                IsMet = isMet || opening.IsMet,
            };
        }
    }

    TimeSpan Limit(ClusterView view) => (view.Settings ?? settings.BootstrapDcs).Ttl + OverTtl;

    static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}

/// <summary>How far a primary has come with letting clients in.</summary>
/// <param name="Server">Of which postmaster.</param>
/// <param name="Since">CLOCK_BOOTTIME at which it was first seen as a primary.</param>
internal sealed record OpeningState(ProcessIdentity Server, TimeSpan Since)
{
    /// <summary>It was open before this agent began.</summary>
    public bool HasServed { get; init; }

    /// <summary>The revision at which its start is on record; null: it is not.</summary>
    public long? RecordedAt { get; init; }

    /// <summary>A commit of its own met the synchronous rule.</summary>
    public bool IsMet { get; init; }

    /// <summary>That took too long.</summary>
    public bool IsGivenUp { get; init; }

    public bool IsOpen => HasServed || (RecordedAt is not null && (IsMet || IsGivenUp));
}
