using System.Globalization;

namespace Holdfast.Foundation.Processes;

/// <summary>
/// Ends a program with everything it started, whatever sessions those made: by its cgroup where there is one, and by
/// working directory in any case. Runs on the caller's thread, needs no thread pool, and is safe to repeat.
/// </summary>
public static class ProcessSweep
{
    /// <summary>A sweep that still finds somebody new is repeated at most this often.</summary>
    const int SweepsMax = 200;

    /// <summary>
    /// Delivers SIGKILL to all of it: stops <paramref name="root"/> so that it starts nobody new, kills the cgroup,
    /// then sweeps until a sweep finds nobody new: <paramref name="root"/>, whoever works in
    /// <paramref name="workingDirectory"/> (the folder itself, not below), and all their descendants. Who was killed
    /// may need some milliseconds more to be gone, but executes nothing any more.
    /// </summary>
    /// <returns>How many processes were killed by the sweep; those in the cgroup are not counted.</returns>
    public static int KillAll(Cgroup? cgroup, ProcessIdentity? root, string workingDirectory)
    {
        // Stopped, not killed: while it lives its children stay its children, so that the first sweep sees them all,
        // also those that went to another folder.
        root?.TrySignal(Signal.Stop);
        cgroup?.TryKill();
        var killed = new HashSet<ProcessIdentity>();
        for (var sweep = 0; sweep < SweepsMax; sweep++)
        {
            var before = killed.Count;
            foreach (var process in Find(root, workingDirectory))
            {
                if (!killed.Contains(process) && process.TrySignal(Signal.Kill))
                    killed.Add(process);
            }
            if (killed.Count == before)
                break;
        }
        root?.TrySignal(Signal.Kill);
        return killed.Count;
    }

    /// <summary>True while somebody works in the folder.</summary>
    public static bool AnybodyWorksIn(string directory) => Find(null, directory).Count > 0;

    /// <summary>Has the code compiled before it is needed: a first call costs a tenth of a second, at the worst
    /// moment.</summary>
    public static void WarmUp()
    {
        var empty = Directory.CreateTempSubdirectory("holdfast-sweep-");
        _ = KillAll(cgroup: null, root: null, empty.FullName);
        empty.Delete();
    }

    /// <summary>Living processes that work in the directory (device and inode), and their descendants.</summary>
    static List<ProcessIdentity> Find(ProcessIdentity? root, string workingDirectory)
    {
        var directory = FileIdentity.Of(workingDirectory);
        var living = new List<ProcessStat>();
        var found = new HashSet<int>();
        foreach (var stat in ProcessStat.All())
        {
            if (stat.State is 'Z' or 'X' || stat.Pid == Environment.ProcessId)
                continue;
            living.Add(stat);
            var isRoot = root is { } r && stat.Pid == r.Pid && stat.StartTicks == r.StartTicks;
            if (isRoot || (directory is { } folder && WorksIn(stat.Pid, folder)))
                found.Add(stat.Pid);
        }
        for (var grew = found.Count > 0; grew;)
        {
            grew = false;
            foreach (var stat in living)
                grew |= found.Contains(stat.Parent) && found.Add(stat.Pid);
        }
        return living.Where(stat => found.Contains(stat.Pid))
            .Select(stat => new ProcessIdentity(stat.Pid, stat.StartTicks)).ToList();
    }

    static bool WorksIn(int pid, FileIdentity folder) =>
        FileIdentity.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cwd")) == folder;
}
