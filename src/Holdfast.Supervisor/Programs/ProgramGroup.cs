using System.Collections.Immutable;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

/// <summary>The programs of a host together: all start, each after what it needs; told to stop, the last one stops
/// first.</summary>
internal sealed class ProgramGroup(ImmutableArray<ProgramSpec> specs, ImmutableArray<ProgramRunner> runners)
{
    /// <param name="drain">Before the first one stops.</param>
    /// <param name="stop">Stops all of them, then this.</param>
    public async Task RunAsync(Func<Task> drain, CancellationToken stop)
    {
        var lives = specs.Zip(runners, (spec, runner) => new Life(runner, After(spec))).ToImmutableArray();
        await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, stop));
        await drain();
        foreach (var life in lives.Reverse())
            await life.StopAsync();
    }

    IEnumerable<ProgramRunner> After(ProgramSpec spec) =>
        runners.Where(runner => spec.After.Contains(runner.Name, StringComparer.Ordinal));

    sealed class Life
    {
        readonly CancellationTokenSource _stop = new();
        readonly Task _run;

        public Life(ProgramRunner runner, IEnumerable<ProgramRunner> after) =>
            _run = runner.RunAsync(after, _stop.Token);

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _run;
            _stop.Dispose();
        }
    }
}
