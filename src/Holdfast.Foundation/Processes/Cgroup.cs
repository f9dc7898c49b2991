using System.Globalization;

namespace Holdfast.Foundation.Processes;

/// <summary>
/// A cgroup v2 leaf that holds one program with everything it starts, so that one write ends all of it
/// (cgroup-v2 documentation, cgroup.procs and cgroup.kill). Needs no controller; works beside v1 hierarchies.
/// </summary>
public sealed record Cgroup(string Path)
{
    /// <summary>The cgroup v2 folder that this process is in; null where none is mounted or it can't be
    /// written.</summary>
    public static Cgroup? Own() => Of(Environment.ProcessId);

    /// <summary>The cgroup v2 folder that this process is in; null also when there is no such process.</summary>
    public static Cgroup? Of(int pid)
    {
        var root = File.Exists("/sys/fs/cgroup/cgroup.procs") ? "/sys/fs/cgroup"
            : File.Exists("/sys/fs/cgroup/unified/cgroup.procs") ? "/sys/fs/cgroup/unified"
            : null;
        if (root is null)
            return null;
        try
        {
            foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")))
            {
                if (line.StartsWith("0::", StringComparison.Ordinal))
                    return new Cgroup(root + line[3..].TrimEnd('/'));
            }
        }
        catch (IOException)
        {
            return null; // It ended.
        }
        return null;
    }

    /// <summary>The child of this name, created when missing; null when that is not permitted.</summary>
    public Cgroup? TryCreate(string name)
    {
        var child = System.IO.Path.Combine(Path, name);
        try
        {
            Directory.CreateDirectory(child);
            return File.Exists(System.IO.Path.Combine(child, "cgroup.procs")) ? new Cgroup(child) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What a shell writes its own pid into to join.</summary>
    public string ProcsFile => System.IO.Path.Combine(Path, "cgroup.procs");

    public bool IsEmpty
    {
        get
        {
            try
            {
                return File.ReadAllText(ProcsFile).Length == 0;
            }
            catch (DirectoryNotFoundException)
            {
                return true;
            }
        }
    }

    /// <summary>SIGKILL to every process in it and below (Linux 5.14 and newer); false when the kernel has no
    /// cgroup.kill.</summary>
    public bool TryKill()
    {
        try
        {
            File.WriteAllText(System.IO.Path.Combine(Path, "cgroup.kill"), "1");
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
