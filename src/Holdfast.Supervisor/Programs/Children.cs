using System.Diagnostics;
using Holdfast.Foundation.Processes;

namespace Holdfast.Supervisor.Programs;

/// <summary>
/// Who among our children was started by the runtime, which then waits for it, and who was orphaned to us, for whom
/// we have to wait. One gate around both, so that nobody is taken for an orphan between its start and its entry here.
/// </summary>
/// <param name="cgroupBase">The node's; null: every child that was not started here is an orphan.</param>
internal sealed class Children(string? cgroupBase)
{
    readonly Lock _gate = new();
    readonly HashSet<int> _started = [];

    public Process Start(ProcessStartInfo what)
    {
        lock (_gate)
        {
            var process = Process.Start(what) ?? throw new InvalidOperationException($"{what.FileName} did not start");
            _started.Add(process.Id);
            return process;
        }
    }

    /// <summary>After the runtime has waited for it: its number may now be another's.</summary>
    public void Forget(int pid)
    {
        lock (_gate)
            _started.Remove(pid);
    }

    public int ReapOrphans()
    {
        lock (_gate)
            return Subreaper.Reap(IsOrphan);
    }

    /// <summary>Under the gate. The dead still are in their cgroup, even when that was removed.</summary>
    bool IsOrphan(int pid) => !_started.Contains(pid)
        && (cgroupBase is null
            || Cgroup.Of(pid)?.Path.StartsWith(cgroupBase + "/", StringComparison.Ordinal) == true);
}
