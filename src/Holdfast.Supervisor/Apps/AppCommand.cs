using System.Collections.Immutable;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;

namespace Holdfast.Supervisor.Apps;

/// <summary>A command beside an app that runs to its end: a check, or a preparation.</summary>
internal static class AppCommand
{
    /// <summary>After <paramref name="stop"/> nothing of it is left, but for what made a session of its own; that is
    /// in the app's cgroup.</summary>
    /// <exception cref="OperationCanceledException">It was killed, since it was told to stop.</exception>
    public static async Task<ProgramEnd> RunAsync(
        ProgramStarter starter,
        ProgramSpec spec,
        ImmutableArray<string> command,
        bool isSilent,
        CancellationToken stop)
    {
        var running = starter.StartBeside(spec, command, isSilent);
        try
        {
            return await running.Ended.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            running.Identity.TrySignalGroup(Signal.Kill);
            running.Identity.TrySignal(Signal.Kill); // It may not lead its group yet.
            throw;
        }
    }
}
