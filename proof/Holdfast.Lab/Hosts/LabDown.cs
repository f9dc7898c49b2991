using System.Globalization;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>Takes a lab down, in whatever state it is, and leaves nothing of it but its logs. Safe to repeat.</summary>
static class LabDown
{
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(20), NoGrace = TimeSpan.Zero;

    static readonly TimeSpan BurialLimit = TimeSpan.FromSeconds(3);

    /// <summary>Of all labs together; the oldest go first.</summary>
    const int LogFoldersKept = 20;

    /// <returns>The folder with the logs; null when there were none.</returns>
    public static async Task<string?> RunAsync(string lab, TimeSpan grace, CancellationToken stop)
    {
        using var taken = await Labs.LockAsync(stop);
        return await EndAsync(lab, grace, stop);
    }

    /// <summary>The same for a caller that holds the lock.</summary>
    internal static async Task<string?> EndAsync(string lab, TimeSpan grace, CancellationToken stop)
    {
        var folders = new LabFolders(lab);
        var state = Labs.Find(lab);
        var processes = ProcessesOf(folders, state);
        // Who waits for a frozen disk obeys nobody, not even SIGKILL.
        await Disks.ThawAsync(folders.Data, CancellationToken.None);
        if (state is not null && grace > TimeSpan.Zero)
            await AskAsync(state, folders, grace, stop);
        await folders.Cgroup.KillAsync(CancellationToken.None);
        await folders.Cgroup.RemoveAsync(CancellationToken.None);
        TryRemoveEmpty(CgroupFolder.Root().Child("holdfast-lab").Path);
        if (state is not null)
            await Cabling.RemoveAsync(state, CancellationToken.None);
        var kept = KeepLogs(lab, folders, state);
        await Disks.RemoveAsync(folders.Data, CancellationToken.None);
        Remove(folders.Data);
        Remove(folders.State);
        TryRemoveEmpty(LabFolders.DataRoot);
        TryRemoveEmpty(LabFolders.StateRoot);
        // The dead wait for the machine's first process to notice them; some of those take their time.
        _ = await Wait.ForAsync(
            () => processes.TrueForAll(process => !process.Exists), BurialLimit, CancellationToken.None);
        return kept;
    }

    static List<ProcessIdentity> ProcessesOf(LabFolders folders, LabState? state) =>
    [
        .. folders.Cgroup.Processes().Select(ProcessIdentity.Of).OfType<ProcessIdentity>(),
        .. (state?.Hosts ?? []).Select(host => host.First).Append(state?.Relay).OfType<LabProcess>()
            .Select(process => process.Identity),
    ];

    /// <summary>SIGTERM to every host's first process, which passes it to the supervisor. What was paused or cut is
    /// released first, else it could not obey.</summary>
    static async Task AskAsync(LabState state, LabFolders folders, TimeSpan grace, CancellationToken stop)
    {
        foreach (var host in state.Hosts.Where(host => host.IsRunning))
        {
            await HostFaults.ReleaseAsync(state, host, stop);
            host.First!.Identity.TrySignal(Signal.Terminate);
        }
        _ = await Wait.ForAsync(
            () => state.Hosts.All(host => !host.IsRunning || !folders.CgroupOf(host.Name).IsPopulated), grace, stop);
    }

    static string? KeepLogs(string lab, LabFolders folders, LabState? state)
    {
        var stamp = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var target = Path.Combine(LabFolders.LogRoot, $"{lab}-{stamp}");
        var kept = false;
        foreach (var host in state?.Hosts ?? [])
        {
            var logs = Directory.Exists(folders.LogsOf(host.Name))
                ? Directory.EnumerateFiles(folders.LogsOf(host.Name))
                : [];
            foreach (var log in logs.Append(folders.ConsoleOf(host.Name))
                .Where(log => new FileInfo(log) is { Exists: true, Length: > 0 }))
            {
                Directory.CreateDirectory(Path.Combine(target, host.Name));
                File.Copy(log, Path.Combine(target, host.Name, Path.GetFileName(log)), overwrite: true);
                kept = true;
            }
        }
        if (!kept)
            return null;
        foreach (var old in new DirectoryInfo(LabFolders.LogRoot).EnumerateDirectories()
            .OrderByDescending(folder => folder.LastWriteTimeUtc).Skip(LogFoldersKept))
        {
            old.Delete(recursive: true);
        }
        return target;
    }

    static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    static void TryRemoveEmpty(string folder)
    {
        try
        {
            if (Directory.Exists(folder) && !Directory.EnumerateDirectories(folder).Any())
                Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Another lab is using it.
        }
    }
}
