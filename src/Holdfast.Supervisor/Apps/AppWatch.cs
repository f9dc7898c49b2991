using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;

namespace Holdfast.Supervisor.Apps;

/// <summary>Asks one app after its health for as long as it runs.</summary>
internal sealed class AppWatch(ProgramSpec spec, AppProbe probe)
{
    /// <summary>Until its first good answer an app is asked this often, so that it serves as soon as it can; a command
    /// costs more than a connection.</summary>
    static readonly TimeSpan StartEvery = TimeSpan.FromSeconds(0.1), StartCommandEvery = TimeSpan.FromSeconds(0.5);

    readonly TimeSpan _startEvery = spec.Readiness is Readiness.Command ? StartCommandEvery : StartEvery;

    /// <summary>Returns why it has to be restarted.</summary>
    /// <param name="running">This life of it.</param>
    /// <param name="changed">Called with each answer: whether it is healthy, and why.</param>
    /// <param name="stop">Ends the watch.</param>
    public async Task<string> RunAsync(RunningProgram running, Action<bool, string> changed, CancellationToken stop)
    {
        var limits = spec.App!.Health;
        var history = running.IsAdopted
            ? AppHealthHistory.Adopted(running.Identity.StartedAt, BootClock.Now, limits)
            : AppHealthHistory.Started(BootClock.Now);
        while (true)
        {
            var asked = BootClock.Now;
            var problem = await probe.AskAsync(spec, running, stop);
            var decision = AppHealth.Decide(history, problem, BootClock.Now, limits);
            history = decision.History;
            changed(history.IsHealthy, decision.Why);
            if (decision.Restart)
                return decision.Why;
            var every = history.IsProven || history.Good > 0 || limits.Every < _startEvery ? limits.Every : _startEvery;
            var pause = asked + every - BootClock.Now;
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, stop);
        }
    }
}
