using System.Threading.Channels;
using Holdfast.Agent.Act;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Observe;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent;

/// <summary>Observe, decide, act; woken by events, and by a timer as the safety net.</summary>
internal sealed class HaLoop(
    AgentSettings settings,
    Observer observer,
    Actor actor,
    Opening opening,
    Publisher publisher,
    IPostgres postgres,
    AgentState state,
    TimeProvider clock,
    ILogger log)
{
    /// <summary>While something is about to change, the next turn comes this soon.</summary>
    static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(50);

    /// <summary>For so long, while no commit is answered, turns follow each other even sooner.</summary>
    static readonly TimeSpan HurryFor = TimeSpan.FromSeconds(1), Hurried = TimeSpan.FromMilliseconds(20);

    static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);

    /// <summary>What is new is not in the store yet, and proxies wait for a primary's new term.</summary>
    static readonly TimeSpan Untold = TimeSpan.FromMilliseconds(100);

    /// <summary>A turn that takes so long delays what the next one would do, and is told.</summary>
    static readonly TimeSpan SlowTurn = TimeSpan.FromMilliseconds(300);

    // Capacity one: a waiting nudge already promises a turn, so a second is safe to drop.
    readonly Channel<string> _nudges = Channel.CreateBounded<string>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    volatile AgentView _published = new()
    {
        Name = settings.Name,
        Scope = settings.Scope,
        State = "starting",
        Role = "uninitialized",
        Postgres = new PostgresView { State = PostgresState.Stopped, Data = DataState.Unfinished },
    };
    string _said = "";

    /// <summary>What the last turn saw. From any thread.</summary>
    public AgentView Published => _published;

    /// <summary>Asks for a turn at once. From any thread.</summary>
    public void Nudge(string why) => _nudges.Writer.TryWrite(why);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            TimeSpan wait;
            try
            {
                wait = await TurnAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                log.TurnFailed(failure);
                wait = AfterFailure;
            }
            await WaitAsync(wait, stop);
        }
    }

    /// <summary>Observe, decide, act: once. Returns how long the loop may rest. The simulator calls this and nothing
    /// else.</summary>
    internal async ValueTask<TimeSpan> TurnAsync(CancellationToken stop)
    {
        var began = clock.GetElapsedTime(0);
        var (view, self) = await observer.ObserveAsync(Looked, stop);
        var observed = clock.GetElapsedTime(0);
        var dynamic = view?.Settings ?? settings.BootstrapDcs;
        var decision = Ha.Decide(view, self, dynamic);
        Say(decision);
        Show(view, self, decision);
        opening.Begin(view, self, stop);
        // What can't wait for the store comes first; a primary's own key comes before its daily work, as proxies and
        // replicas wait for it.
        var isDaily = decision is HaDecision.Wait or HaDecision.Lead or HaDecision.ClearFailover;
        if (!isDaily)
            await actor.ActAsync(decision, view, self, stop);
        var isTold = view is null || await publisher.PublishAsync(_published, dynamic, stop);
        await ApplySettingsAsync(view, self, stop);
        if (isDaily)
            await actor.ActAsync(decision, view, self, stop);
        var took = clock.GetElapsedTime(0) - began;
        if (took >= SlowTurn)
            log.TurnWasSlow(took.TotalMilliseconds, (observed - began).TotalMilliseconds, decision.GetType().Name);
        var rest = Rest(view, self, dynamic, decision);
        return isTold || rest < Untold ? rest : Untold;
    }

    TimeSpan Rest(ClusterView? view, SelfView self, DynamicSettings dynamic, HaDecision decision)
    {
        var suspects = _published.Suspects != Term.None;
        return self switch
        {
            { Job: not null } => dynamic.LoopWait, // Its end nudges.
            _ when self.Leaderless < HurryFor || (suspects && self.Silence < Takeover.SuspectAfter + HurryFor) =>
                Hurried,
            { Postgres.State: PostgresState.Primary, HasLease: true, IsOpen: false } => Busy,
            { Postgres.State: PostgresState.Starting } or { Leaderless: not null } or { LeasePending: true } => Busy,
            // Refused, it may be by a view that is late; written, the watch brings the next turn.
            _ when decision is HaDecision.Release => AfterFailure,
            _ when decision is not (HaDecision.Wait or HaDecision.Lead) || suspects => Busy,
            // A wish to move the leader is near: whoever may take over is looked at.
            _ when view?.Failover is not null => Busy,
            _ => UntilSuspicion(self, dynamic),
        };
    }

    /// <summary>Up to the moment at which a primary that stays silent from now on would be suspected.</summary>
    static TimeSpan UntilSuspicion(SelfView self, DynamicSettings dynamic)
    {
        if (self is not { Silence: { } silence, HasLease: false } || !dynamic.EarlyTakeover)
            return dynamic.LoopWait;
        var left = Takeover.SuspectAfter - silence;
        return left < Hurried ? Hurried : left < dynamic.LoopWait ? left : dynamic.LoopWait;
    }

    async ValueTask ApplySettingsAsync(ClusterView? view, SelfView self, CancellationToken stop)
    {
        if (view?.Settings is not { } dynamic || view.SettingsRevision == state.SettingsApplied
            || self.Job is not null || self.Postgres.State == PostgresState.Starting)
        {
            return;
        }
        var applied = await postgres.ApplyAsync(dynamic, stop);
        if (applied.Ok)
            state.SettingsApplied = view.SettingsRevision;
        else
            log.StepFailed("settings", applied.Why);
    }

    async ValueTask WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        using var timer = new CancellationTokenSource(wait, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, timer.Token);
        try
        {
            await _nudges.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The timer; or the stop, which the loop looks at.
        }
    }

    void Looked(PostgresView look, TimeSpan at) => _published = _published with { Postgres = look, LookedAt = at };

    // The same sentence once: a quiet cluster has a quiet log.
    void Say(HaDecision decision)
    {
        var text = $"{decision.GetType().Name}: {decision.Why}";
        if (text == _said)
            return;
        _said = text;
        log.Decided(decision.GetType().Name, decision.Why);
    }

    void Show(ClusterView? view, SelfView self, HaDecision decision) => _published = new AgentView
    {
        Name = settings.Name,
        Scope = settings.Scope,
        Cluster = view,
        StoreSeenAt = self.ViewAge == TimeSpan.MaxValue ? null : clock.GetUtcNow() - self.ViewAge,
        Postgres = self.Postgres,
        LookedAt = _published.LookedAt,
        State = Words.State(self),
        Role = Words.Role(self),
        HasLease = self.HasLease,
        Term = self.Term,
        Refused = self.Refused,
        Seen = self.LastTerm,
        Suspects = view?.Leader is { } leader && Takeover.Suspects(view, self, view.Settings ?? settings.BootstrapDcs)
            ? leader.Term : Term.None,
        OnFailsafe = self.OnFailsafe,
        HandsOver = state.HandOver is { IsWanted: true },
        Successor = state.HandOver?.Candidate,
        Job = self.Job,
        Opening = self.Opening,
        LastTurn = clock.GetElapsedTime(0),
        Decision = $"{decision.GetType().Name}: {decision.Why}",
        ConnUrl = settings.ConnUrl,
        ApiUrl = settings.ApiUrl,
        NoFailover = settings.NoFailover,
        NoLoadBalance = settings.NoLoadBalance,
        NoSync = settings.NoSync,
    };
}
