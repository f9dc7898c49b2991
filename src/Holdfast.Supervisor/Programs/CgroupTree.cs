using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor.Programs;

/// <summary>
/// The node's part of the cgroup v2 tree: a leaf for each program, and the folder <c>pg</c>, which belongs to
/// PostgreSQL's user: who moves a process has to own both leaves and the folder above them (cgroup-v2 documentation,
/// Delegation).
/// </summary>
internal static class CgroupTree
{
    /// <summary>Files that are the delegate's; the rest (limits) stays the supervisor's.</summary>
    static readonly string[] Delegated =
        ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "cgroup.kill"];

    static readonly TimeSpan RemoveLimit = TimeSpan.FromSeconds(1), RemoveEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>The node's folder below the supervisor's own cgroup; null where none may be made. Its name is that of
    /// the run folder, which no two living nodes of a machine share and a restarted supervisor finds again.</summary>
    public static string? TryMakeBase(string host, string run)
    {
        if (FileIdentity.Of(run) is not { } folder || Cgroup.Own() is not { } own)
            return null;
        var name = $"holdfast-{host}-{folder.DeviceMajor:x}.{folder.DeviceMinor:x}.{folder.Inode:x}";
        return own.TryCreate(name)?.Path;
    }

    public static void Delegate(string top, string owner)
    {
        if (UserAccount.Find(owner) is not { } account || TryMake(top, NodePaths.PostgresGroup) is not { } group)
            return;
        foreach (var file in Delegated)
            _ = account.TryOwn(Path.Combine(group.Path, file).TrimEnd('/'));
        if (group.TryCreate(HostPrograms.Agent) is not { } agent)
            return;
        foreach (var file in Delegated)
            _ = account.TryOwn(Path.Combine(agent.Path, file).TrimEnd('/'));
    }

    /// <summary>The leaf of this path below <paramref name="top"/>.</summary>
    public static Cgroup? TryMake(string top, string leaf)
    {
        Cgroup? group = new(top);
        foreach (var name in leaf.Split('/'))
            group = group?.TryCreate(name);
        return group;
    }

    /// <summary>Removes all of it, leaves first; waits a moment for killed processes to leave.</summary>
    public static async Task RemoveAsync(string top, CancellationToken stop)
    {
        var limit = BootClock.Now + RemoveLimit;
        while (!TryRemove(top) && BootClock.Now < limit)
            await Task.Delay(RemoveEvery, stop);
    }

    /// <summary>False as long as somebody is in it. What is left is used again by the next supervisor.</summary>
    public static bool TryRemove(string top)
    {
        try
        {
            foreach (var child in Directory.EnumerateDirectories(top))
                _ = TryRemove(child);
            Directory.Delete(top);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
