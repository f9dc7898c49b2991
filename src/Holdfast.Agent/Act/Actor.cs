using System.Diagnostics;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Jobs;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using static Holdfast.Cluster.Decisions.HaDecision;

namespace Holdfast.Agent.Act;

/// <summary>Carries one decision out. Long work becomes a job; what is done here takes milliseconds, and can be
/// repeated.</summary>
internal sealed class Actor(
    AgentSettings settings,
    IPostgres postgres,
    LeaseMachine lease,
    JobSlot jobs,
    AgentState state,
    BootstrapMark bootstrap,
    Locks locks,
    StartLog starts,
    Reigning reigning,
    Promises promises,
    IPeers peers,
    Action<string> nudge,
    TimeProvider clock,
    ILogger log)
{
    /// <summary>A planned stop that needs longer is ended by the kill.</summary>
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    /// <summary>How long a candidate may take to show that it has all, and how often it is asked.</summary>
    static readonly TimeSpan ArrivalLimit = TimeSpan.FromSeconds(2), ArrivalAnswer = TimeSpan.FromMilliseconds(300),
        ArrivalPoll = TimeSpan.FromMilliseconds(15);

    /// <summary>The word that a switchover begins: how long the store may take, and how long its watchers. A word that
    /// comes later than that finds its clients' next statements refused rather than held.</summary>
    static readonly TimeSpan TellLimit = TimeSpan.FromSeconds(1), TellMoment = TimeSpan.FromMilliseconds(20),
        TellPoll = TimeSpan.FromMilliseconds(5);

    /// <summary>Proxies know the candidate for so long at least before their clients wait: each new session costs it a
    /// process, and those that stand ready by then cost the clients nothing.</summary>
    static readonly TimeSpan Notice = TimeSpan.FromSeconds(2);

    /// <summary>Transactions under way have this long before the stop ends them.</summary>
    static readonly TimeSpan QuietLimit = TimeSpan.FromSeconds(1);

    public ValueTask ActAsync(
        HaDecision decision, ClusterView? view, SelfView self, CancellationToken stop) => decision switch
    {
        Wait => ValueTask.CompletedTask,
        Fence d => KillNow(d),
        Lead d => reigning.LeadAsync(d, view!, self.Postgres, stop),
        TakeLock d => TakeAsync(d, view!, self.Postgres, stop),
        MakeReady d => MakeReadyAsync(d.Names, view!, self.Postgres, stop),
        LeaveTerm d => Leave(d),
        Release d => GiveUpAsync(d, view!, self, stop),
        ClearFailover d => locks.ClearFailoverAsync(view!, d.Why, stop),
        ClaimBootstrap => locks.ClaimBootstrapAsync(bootstrap, stop),
        ClearBootstrap => locks.ClearBootstrapAsync(stop),
        Promote or StartPrimary => BeginPrimaryAsync(decision, view!, stop),
        _ => Begin(decision, view!, stop),
    };

    ValueTask KillNow(Fence decision)
    {
        postgres.Kill();
        log.Fenced(decision.Why, Term.None, 0);
        return ValueTask.CompletedTask;
    }

    ValueTask Leave(LeaveTerm decision)
    {
        lease.LeaveTerm(decision.Term);
        return ValueTask.CompletedTask;
    }

    // What the promotion and those who follow will wait for, while the store answers: on a replica it does nothing.
    // Whatever comes of it is seen to afterwards.
    async ValueTask TakeAsync(TakeLock decision, ClusterView view, PostgresView look, CancellationToken stop)
    {
        var taking = locks.TakeAsync(decision, view, look.State == PostgresState.Replica, stop).AsTask();
        if (look.State == PostgresState.Replica)
            await MakeReadyAsync(decision.Names, view, look, stop);
        await taking;
    }

    // The promotion makes sure of the names, whatever a look shows before.
    async ValueTask MakeReadyAsync(SyncNames names, ClusterView view, PostgresView look, CancellationToken stop)
    {
        var naming = names.Text == look.SynchronousStandbyNames
            ? Task.CompletedTask
            : postgres.SetSynchronousStandbysAsync(names.Text, stop).AsTask();
        await reigning.KeepSlotsAsync(view, look, stop);
        await naming;
    }

    // A start under the lock that is given up must have ended before anybody else may write.
    ValueTask GiveUpAsync(Release decision, ClusterView view, SelfView self, CancellationToken stop)
    {
        if (self is { HasLease: true, Postgres.State: PostgresState.Starting })
            postgres.Kill();
        return locks.ReleaseAsync(view, look: null, decision.Why, stop);
    }

    // Nobody writes before it is written down that somebody will.
    async ValueTask BeginPrimaryAsync(HaDecision decision, ClusterView view, CancellationToken stop)
    {
        if (decision is Promote && state.Reign is { CountedAt: null } reign)
            state.Reign = reign with { CountedAt = clock.GetElapsedTime(0) };
        if (!await starts.IntendAsync(view, stop))
            return;
        starts.Use();
        if (decision is Promote promotion)
        {
            jobs.Start("promote", token => PromoteAsync(promotion, token), _ => Promoted(), stop);
            return;
        }
        var start = (StartPrimary)decision;
        state.StartBeganAt = clock.GetElapsedTime(0);
        jobs.Start(CrashStart.JobName, token => StartPrimaryAsync(start, token), result =>
            Started(start.Term, result), stop);
    }

    ValueTask Begin(HaDecision decision, ClusterView view, CancellationToken stop)
    {
        switch (decision)
        {
            case Initialize:
                jobs.Start("initdb", postgres.InitializeAsync, Nothing, stop);
                break;
            case FinishBootstrap:
                jobs.Start("post bootstrap", token => FinishBootstrapAsync(token), Nothing, stop);
                break;
            case HandOver d:
                var word = state.HandOver = new HandOverWord(d.Candidate);
                jobs.Start("hand over", token => HandOverAsync(d, view, word, token), _ => state.HandOver = null, stop);
                break;
            case StepDown d:
                jobs.Start("step down", token => StepDownAsync(d, view, token), Nothing, stop);
                break;
            case StopReplica:
                jobs.Start("stop", token => postgres.StopAsync(StopLimit, token), Nothing, stop);
                break;
            default:
                BeginRejoin(decision, view, stop);
                break;
        }
        return ValueTask.CompletedTask;
    }

    void BeginRejoin(HaDecision decision, ClusterView view, CancellationToken stop)
    {
        switch (decision)
        {
            case Refuse d:
                jobs.Start("refuse", token => RefuseAsync(d.Term, token), Refused, stop);
                break;
            case StartReplica d:
                jobs.Start("start as replica", token =>
                    postgres.StartReplicaAsync(AddressOf(view, d.Leader), token), _ => state.ForgetComparison(), stop);
                break;
            case Follow d:
                jobs.Start("follow", token => postgres.FollowAsync(AddressOf(view, d.Leader), token), _ =>
                    state.NotStreamingSince = null, stop);
                break;
            case CompareHistory d:
                Compare(d, view, stop);
                break;
            case Rewind d:
                jobs.Start("rewind", token => postgres.RewindAsync(AddressOf(view, d.Leader)!.Value, token), result =>
                    Rewound(d.Term, result), stop);
                break;
            case CloneFrom d:
                var source = AddressOf(view, d.Leader)!.Value;
                jobs.Start(
                    "creating replica", token => CloneAsync(source, token), result => Cloned(view, result), stop);
                break;
            default:
                throw new UnreachableException($"no effect for {decision}");
        }
    }

    // First the note, then the deed: a crash in between leaves a node that refuses. The receiver flushes what it has
    // before it is gone, so that the position is final.
    async ValueTask<StepResult> RefuseAsync(Term term, CancellationToken stop) => promises.TryRefuse(term)
        ? await postgres.FollowAsync(source: null, stop)
        : StepResult.Failed($"bound by a promise to a primary, and so term {term} is not refused");

    async ValueTask<StepResult> CloneAsync(ServerAddress source, CancellationToken stop)
    {
        var stopped = await postgres.StopAsync(StopLimit, stop);
        return stopped.Ok ? await postgres.CloneAsync(source, stop) : stopped;
    }

    void Compare(CompareHistory decision, ClusterView view, CancellationToken stop)
    {
        var verdict = HistoryVerdict.Unknown;
        jobs.Start(
            "compare history",
            async token =>
            {
                verdict = await postgres.CompareHistoryAsync(AddressOf(view, decision.Leader)!.Value, token);
                return StepResult.Done;
            },
            _ => Compared(decision, verdict),
            stop);
    }

    async ValueTask<StepResult> FinishBootstrapAsync(CancellationToken stop)
    {
        var created = await postgres.CreateRolesAndDatabasesAsync(stop);
        if (!created.Ok)
            return created;
        var opened = await locks.FinishBootstrapAsync((await postgres.LookAsync(stop)).SystemIdentifier, stop);
        if (opened.Ok)
            bootstrap.Clear();
        return opened;
    }

    // The right to write is looked at last thing before PostgreSQL gets it; afterwards the lease's thread watches.
    async ValueTask<StepResult> PromoteAsync(Promote decision, CancellationToken stop)
    {
        if (!lease.MayWrite(clock.GetElapsedTime(0)))
            return StepResult.Failed("the lease ended before the promotion");
        var promoted = await postgres.PromoteAsync(decision.Names.Text, stop);
        lease.Refresh();
        return promoted;
    }

    async ValueTask<StepResult> StartPrimaryAsync(StartPrimary decision, CancellationToken stop)
    {
        if (!lease.MayWrite(clock.GetElapsedTime(0)))
            return StepResult.Failed("the lease ended before the start");
        var started = await postgres.StartPrimaryAsync(decision.Names.Text, stop);
        lease.Refresh();
        return started;
    }

    async ValueTask<StepResult> HandOverAsync(
        HandOver decision, ClusterView view, HandOverWord word, CancellationToken stop)
    {
        // All of it may take long on a busy server, and so comes before anybody has to wait.
        var began = clock.GetElapsedTime(0);
        nudge("proxies are to log in to the candidate");
        var written = await postgres.CheckpointAsync(stop);
        if (!written.Ok)
            return written;
        _ = await postgres.FreshSegmentAsync(stop); // Without it all goes well too, only slower.
        if (clock.GetElapsedTime(0) - began is var gone && gone < Notice)
            await Task.Delay(Notice - gone, clock, stop);
        if (view.Member(decision.Candidate) is not { } candidate
            || (await peers.AskAsync([candidate.ApiUrl], ArrivalAnswer, stop)).IsEmpty)
        {
            return await CallOffAsync(view, $"{decision.Candidate} does not answer any more", stop);
        }
        var prepared = clock.GetElapsedTime(0);
        word.Want();
        nudge("proxies are to be told of the switchover");
        var told = await IsToldAsync(word, stop);
        var toldAt = clock.GetElapsedTime(0);
        if (!told)
        {
            word.Withdraw();
            return StepResult.Failed($"the store did not take the word for the proxies in {TellLimit.TotalSeconds} s");
        }
        var quiet = await postgres.QuietAsync(TellMoment, QuietLimit, stop);
        log.HandsOver(
            (prepared - began).TotalMilliseconds, (toldAt - prepared).TotalMilliseconds,
            (clock.GetElapsedTime(0) - toldAt).TotalMilliseconds, quiet.Why);
        return await StopForAsync(decision, view, stop);
    }

    async ValueTask<bool> IsToldAsync(HandOverWord word, CancellationToken stop)
    {
        var until = clock.GetElapsedTime(0) + TellLimit;
        while (!word.IsTold && clock.GetElapsedTime(0) < until)
            await Task.Delay(TellPoll, clock, stop);
        return word.IsTold;
    }

    async ValueTask<StepResult> StopForAsync(HandOver decision, ClusterView view, CancellationToken stop)
    {
        var stopped = await postgres.StopAsync(StopLimit, stop);
        if (!stopped.Ok)
            return stopped;
        // Not clean, or not arrived: the next turn starts it again where it was, and nothing is lost.
        var look = await postgres.LookAsync(stop);
        if (look.ShutdownAt is not { } end
            || !await HasArrivedAsync(view, decision.Candidate, end, stop))
        {
            return await CallOffAsync(view, $"{decision.Candidate} has not got the record of the shutdown", stop);
        }
        await locks.ReleaseAsync(
            view, look, $"switchover to {decision.Candidate}", stop, to: decision.Candidate);
        return StepResult.Done;
    }

    async ValueTask<StepResult> CallOffAsync(ClusterView view, string why, CancellationToken stop)
    {
        await locks.ClearFailoverAsync(view, why, stop);
        return StepResult.Failed(why);
    }

    // Whatever the disk lets the stop come to, the kill has then been delivered to all, and nobody here writes.
    async ValueTask<StepResult> StepDownAsync(StepDown decision, ClusterView view, CancellationToken stop)
    {
        if (decision.StopLimit > TimeSpan.Zero)
            _ = await postgres.StopAsync(decision.StopLimit, stop);
        postgres.Kill();
        await locks.ReleaseAsync(view, look: null, decision.Why, stop);
        return StepResult.Done;
    }

    async ValueTask<bool> HasArrivedAsync(ClusterView view, NodeName candidate, Lsn end, CancellationToken stop)
    {
        var until = clock.GetElapsedTime(0) + ArrivalLimit;
        while (view.Member(candidate) is { } member && clock.GetElapsedTime(0) < until)
        {
            if ((await peers.AskAsync([member.ApiUrl], ArrivalAnswer, stop)).Any(peer => peer.Position > end))
                return true;
            await Task.Delay(ArrivalPoll, clock, stop);
        }
        return false;
    }

    void Refused(StepResult result)
    {
        if (result.Ok)
            state.RefusalInForce = promises.Refused;
    }

    void Promoted()
    {
        if (state.Reign is { } reign)
            state.Reign = reign with { PromotedAt = clock.GetElapsedTime(0) };
    }

    void Started(Term term, StepResult result)
    {
        state.FailedStarts = result.Ok ? 0 : state.StartsTerm == term ? state.FailedStarts + 1 : 1;
        state.StartsTerm = term;
    }

    void Compared(CompareHistory decision, HistoryVerdict verdict)
    {
        var tried = state.History is { RewindTried: true } before && before.Term == decision.Term;
        state.History = new HistoryView(decision.Term, verdict, tried) { IsEarly = decision.IsEarly };
        state.HistoryAt = clock.GetElapsedTime(0);
    }

    void Rewound(Term term, StepResult result) => state.History = new HistoryView(
        term, result.Ok ? HistoryVerdict.Same : HistoryVerdict.Diverged, RewindTried: true);

    void Cloned(ClusterView view, StepResult result)
    {
        state.CloneFailed = result.Ok ? null : (result.Why, clock.GetElapsedTime(0));
        if (result.Ok && view.Leader is { } leader)
            state.History = new HistoryView(leader.Term, HistoryVerdict.Same, RewindTried: false);
    }

    ServerAddress? AddressOf(ClusterView view, NodeName? leader) =>
        leader is { } name && name != settings.Name && view.Member(name)?.Address is { } address
            ? new ServerAddress(name, address.Host, address.Port)
            : null;

    static void Nothing(StepResult result)
    {
        // The next turn sees what came of it.
    }
}
