using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Programs;

/// <summary>Keeps one program running until it is told to stop. What it does to one program disturbs no
/// other.</summary>
/// <param name="spec">As the file gives it.</param>
/// <param name="prepare">Before each start: puts its files in place, and may complete the command.</param>
/// <param name="starter">Of the node.</param>
/// <param name="probe">Of the node.</param>
/// <param name="log">Of the supervisor.</param>
internal sealed class ProgramRunner(
    ProgramSpec spec,
    Func<ProgramSpec, CancellationToken, ValueTask<ProgramSpec>> prepare,
    ProgramStarter starter,
    HealthProbe probe,
    ILogger log)
{
    static readonly TimeSpan ReadyEvery = TimeSpan.FromSeconds(0.1), HealthEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long the first start waits for each program that it comes after: etcd may have no quorum for
    /// long, and the agent has to be there to look after its PostgreSQL all the same.</summary>
    internal static readonly TimeSpan AfterLimit = TimeSpan.FromSeconds(5);

    /// <summary>A process that SIGKILL does not end is waiting for a device; nobody waits for it longer than
    /// this.</summary>
    static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(5);

    readonly TaskCompletionSource _firstReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile ProgramStatus _status = new(spec.Name, ProgramState.Starting, Pid: null, Restarts: 0);

    public ProgramStatus Status => _status;
    public string Name => spec.Name;

    /// <summary>Completes when the program is ready for the first time.</summary>
    public Task FirstReady => _firstReady.Task;

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
                await WaitForAsync(after, stop);
            else
                log.Adopted(spec.Name, running.Identity.Pid);
            while (true)
            {
                var startedAt = BootClock.Now;
                var what = await RunOnceAsync(running, started => running = started, stop);
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
        _status = _status with { State = ProgramState.Stopped, Pid = null };
    }

    async Task WaitForAsync(IEnumerable<ProgramRunner> after, CancellationToken stop)
    {
        foreach (var other in after)
        {
            await Task.WhenAny(other.FirstReady, Task.Delay(AfterLimit, stop));
            stop.ThrowIfCancellationRequested();
            if (!other.FirstReady.IsCompleted)
                log.NotWaiting(spec.Name, other.Name, AfterLimit.TotalMilliseconds);
        }
    }

    /// <summary>From the start to the end of one process; answers what became of it.</summary>
    async Task<string> RunOnceAsync(RunningProgram? running, Action<RunningProgram> started, CancellationToken stop)
    {
        try
        {
            if (running is null)
            {
                _status = _status with { State = ProgramState.Starting, Pid = null };
                running = starter.Start(await prepare(spec, stop));
                started(running);
                log.Started(spec.Name, running.Identity.Pid);
            }
            _status = _status with { State = ProgramState.Running, Pid = running.Identity.Pid };
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
        var health = WatchHealthAsync(running, ending.Token);
        await Task.WhenAny(running.Ended, health);
        await ending.CancelAsync();
        try
        {
            await health;
        }
        catch (OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
        }
        return await running.Ended.WaitAsync(stop);
    }

    async Task WatchHealthAsync(RunningProgram running, CancellationToken stop)
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
                return;
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
        _firstReady.TrySetResult();
    }

    void Tell(string what, RestartDecision next)
    {
        _status = new ProgramStatus(
            spec.Name, next.Failed ? ProgramState.Failed : ProgramState.Backoff, Pid: null, next.History.Total);
        if (next.Failed)
            log.Failed(spec.Name, what, next.Why);
        else
            log.Restarts(spec.Name, what, next.Delay.TotalMilliseconds, next.Why);
    }

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
