using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Apps;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Programs;

/// <summary>Keeps one program running until it is told to stop. What it does to one program disturbs no
/// other.</summary>
/// <param name="spec">As the file gives it.</param>
/// <param name="prepare">Before each start: puts its files in place, and may complete the command; tells what takes
/// long.</param>
/// <param name="starter">Of the node.</param>
/// <param name="probe">Of the node.</param>
/// <param name="log">Of the supervisor.</param>
internal sealed class ProgramRunner(
    ProgramSpec spec,
    Func<ProgramSpec, Action<string>, CancellationToken, ValueTask<ProgramSpec>> prepare,
    ProgramStarter starter,
    HealthProbe probe,
    ILogger log)
{
    static readonly TimeSpan ReadyEvery = TimeSpan.FromSeconds(0.1), HealthEvery = TimeSpan.FromSeconds(1);

    /// <summary>A process that SIGKILL does not end is waiting for a device; nobody waits for it longer than
    /// this.</summary>
    static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(5);

    readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile ProgramStatus _status = new(spec.Name, ProgramState.Starting, Pid: null, Restarts: 0);

    public ProgramStatus Status => _status;
    public string Name => spec.Name;
    public TimeSpan AwaitedFor => spec.AwaitedFor;

    /// <summary>Null: a program of Holdfast's own.</summary>
    public AppCare? App { get; init; }

    /// <summary>Completes when the program is ready for the first time, or has failed: nobody waits for it
    /// then.</summary>
    public Task Settled => _settled.Task;

    /// <param name="after">Whom the first start waits for.</param>
    /// <param name="stop">Ends the program, then this.</param>
    public async Task RunAsync(IEnumerable<ProgramRunner> after, CancellationToken stop)
    {
        var history = RestartHistory.None;
        RunningProgram? running = null;
        try
        {
            running = starter.TryAdopt(spec);
            if (running is null)
            {
                await EndAppAsync(running); // What a life that nobody saw end has left behind.
                App?.Tell(AppState.Starting);
                await WaitForAsync(after, stop);
            }
            else
            {
                log.Adopted(spec.Name, running.Identity.Pid);
            }
            while (true)
            {
                var startedAt = BootClock.Now;
                var what = await RunOnceAsync(running, started => running = started, stop);
                await EndAppAsync(running);
                running = null;
                var next = Restarts.Decide(history, startedAt, BootClock.Now, spec.Restart);
                history = next.History;
                Tell(what, next);
                await Task.Delay(next.Delay, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
        if (running is not null)
            await StopAsync(running);
        await EndAppAsync(running);
        App?.Tell(null);
        _status = _status with { State = ProgramState.Stopped, Pid = null, About = null };
    }

    Task EndAppAsync(RunningProgram? running) => App?.EndAsync(running) ?? Task.CompletedTask;

    async Task WaitForAsync(IEnumerable<ProgramRunner> after, CancellationToken stop)
    {
        foreach (var other in after)
        {
            Explain($"waits for {other.Name}");
            var began = BootClock.Now;
            await Task.WhenAny(other.Settled, Task.Delay(other.AwaitedFor, stop));
            stop.ThrowIfCancellationRequested();
            if (other.Status.State != ProgramState.Ready)
                log.NotWaiting(spec.Name, other.Name, (BootClock.Now - began).TotalMilliseconds);
        }
    }

    /// <summary>From the start to the end of one process; answers what became of it.</summary>
    async Task<string> RunOnceAsync(RunningProgram? running, Action<RunningProgram> started, CancellationToken stop)
    {
        try
        {
            if (running is null)
            {
                _status = _status with { State = ProgramState.Starting, Pid = null, About = null };
                App?.Tell(AppState.Starting);
                running = starter.Start(await prepare(spec, Explain, stop));
                started(running);
                log.Started(spec.Name, running.Identity.Pid);
            }
            _status = _status with { State = ProgramState.Running, Pid = running.Identity.Pid, About = null };
            return await WatchAsync(running, stop);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            return $"could not be started: {failure.Message}";
        }
    }

    /// <summary>Until it ends. The end is noticed at once, also while a probe waits for an answer.</summary>
    async Task<string> WatchAsync(RunningProgram running, CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var health = App is null ? WatchHealthAsync(running, ending.Token) : WatchAppAsync(App, running, ending.Token);
        await Task.WhenAny(running.Ended, health);
        await ending.CancelAsync();
        string? killed = null;
        try
        {
            killed = await health;
        }
        catch (OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
        }
        var end = await running.Ended.WaitAsync(stop);
        return killed ?? end.ToString();
    }

    /// <summary>Answers why it was killed: hung or frozen, it would not hear a SIGTERM.</summary>
    async Task<string> WatchAppAsync(AppCare app, RunningProgram running, CancellationToken stop)
    {
        var began = BootClock.Now;
        AppState? told = null;
        var why = await app.Watch.RunAsync(running, Answered, stop);
        log.AppKilled(spec.Name, why);
        await app.EndAsync(running);
        return $"was killed: {why}";

        void Answered(bool healthy, string about)
        {
            if (healthy != (_status.State == ProgramState.Ready))
                Changed(healthy, BootClock.Now - began);
            _status = _status with { About = healthy ? null : about };
            // A healthy one that is not any more is about to be killed; before, it was not healthy yet.
            var state = healthy ? AppState.Healthy : told == AppState.Healthy ? AppState.Unhealthy : AppState.Starting;
            if (state != told)
                app.Tell(state);
            told = state;
        }
    }

    async Task<string> WatchHealthAsync(RunningProgram running, CancellationToken stop)
    {
        var began = BootClock.Now;
        var answered = began;
        while (true)
        {
            var health = await probe.AskAsync(spec.Readiness, stop);
            var ready = health == Health.Ready;
            if (health != Health.Silent)
                answered = BootClock.Now;
            if (ready != (_status.State == ProgramState.Ready))
                Changed(ready, BootClock.Now - began);
            if (BootClock.Now - answered > spec.UnhealthyLimit)
            {
                log.UnhealthyKilled(spec.Name, (BootClock.Now - answered).TotalMilliseconds);
                // Only itself: what it looks after (PostgreSQL) goes on, and its next life adopts it.
                running.Identity.TrySignal(Signal.Kill);
                return "was killed: it did not answer any more";
            }
            await Task.Delay(ready ? HealthEvery : ReadyEvery, stop);
        }
    }

    void Changed(bool ready, TimeSpan elapsed)
    {
        _status = _status with { State = ready ? ProgramState.Ready : ProgramState.Running };
        if (!ready)
        {
            log.Unready(spec.Name);
            return;
        }
        log.Ready(spec.Name, elapsed.TotalMilliseconds);
        _settled.TrySetResult();
    }

    void Tell(string what, RestartDecision next)
    {
        _status = new ProgramStatus(
            spec.Name, next.Failed ? ProgramState.Failed : ProgramState.Backoff, Pid: null, next.History.Total)
        {
            About = what,
        };
        App?.Tell(next.Failed ? AppState.Failed : AppState.Unhealthy);
        if (next.Failed)
            log.Failed(spec.Name, what, next.Why);
        else
            log.Restarts(spec.Name, what, next.Delay.TotalMilliseconds, next.Why);
        if (next.Failed)
            _settled.TrySetResult();
    }

    void Explain(string about) => _status = _status with { About = about };

    async Task StopAsync(RunningProgram running)
    {
        var began = BootClock.Now;
        log.Stopping(spec.Name);
        running.Identity.TrySignal(Signal.Terminate);
        await Task.WhenAny(running.Ended, Task.Delay(spec.StopGrace, CancellationToken.None));
        if (!running.Ended.IsCompleted)
        {
            log.StopKilled(spec.Name, spec.StopGrace.TotalMilliseconds);
            running.Identity.TrySignalGroup(Signal.Kill);
            running.Identity.TrySignal(Signal.Kill);
        }
        running.Group?.TryKill(); // And what it left behind.
        await Task.WhenAny(running.Ended, Task.Delay(KillLimit, CancellationToken.None));
        log.Stopped(spec.Name, (BootClock.Now - began).TotalMilliseconds);
    }
}
