using System.Globalization;

namespace Holdfast.Lab.Machine;

/// <summary>A cgroup v2 folder of the lab: everything below it can be frozen, ended and removed as one.</summary>
sealed record CgroupFolder(string Path)
{
    static readonly TimeSpan FreezeLimit = TimeSpan.FromSeconds(2), EmptyLimit = TimeSpan.FromSeconds(10);

    /// <summary>Where cgroup v2 is mounted: by itself, or beside the v1 hierarchies.</summary>
    public static CgroupFolder Root()
    {
        foreach (var line in File.ReadLines("/proc/self/mounts"))
        {
            var fields = line.Split(' ');
            if (fields is [_, var target, "cgroup2", ..])
                return new CgroupFolder(target);
        }
        throw new LabException("no cgroup v2 is mounted: mount -t cgroup2 none /sys/fs/cgroup/unified");
    }

    public CgroupFolder Child(string name) => new(System.IO.Path.Combine(Path, name));
    public bool Exists => Directory.Exists(Path);
    public void Create() => Directory.CreateDirectory(Path);

    /// <summary>Pids of this folder and of all below it.</summary>
    public IReadOnlyList<int> Processes() => Folders().SelectMany(ProcessesOf).ToList();

    /// <summary>This folder and all below it, the deepest first.</summary>
    public IEnumerable<string> Folders() => !Exists ? []
        : Directory.EnumerateDirectories(
            Path, "*", SearchOption.AllDirectories).Append(Path).OrderByDescending(path => path.Length);

    /// <summary>The folders of this name at any depth.</summary>
    public IEnumerable<CgroupFolder> Named(string name) => Folders()
        .Where(path => string.Equals(System.IO.Path.GetFileName(path), name, StringComparison.Ordinal))
        .Select(path => new CgroupFolder(path));

    public bool IsPopulated => Event("populated");
    public bool IsFrozen => Event("frozen");

    /// <summary>Unlike the v1 freezer, frozen processes still obey SIGKILL.</summary>
    public async Task FreezeAsync(bool frozen, CancellationToken stop)
    {
        await File.WriteAllTextAsync(FileOf("cgroup.freeze"), frozen ? "1" : "0", stop);
        if (!await Wait.ForAsync(() => IsFrozen == frozen, FreezeLimit, stop))
            throw new LabException(
                $"{Path} did not {(frozen ? "freeze" : "thaw")} within {FreezeLimit.TotalSeconds} s");
    }

    /// <summary>SIGKILL to all of it, and waits until nobody is left.</summary>
    public async Task KillAsync(CancellationToken stop)
    {
        if (!Exists)
            return;
        await File.WriteAllTextAsync(FileOf("cgroup.kill"), "1", stop);
        if (!await Wait.ForAsync(() => !IsPopulated, EmptyLimit, stop))
            throw new LabException($"{Path} still has processes {EmptyLimit.TotalSeconds} s after SIGKILL");
    }

    /// <summary>Removes it with all below it; nobody may be left inside.</summary>
    public async Task RemoveAsync(CancellationToken stop)
    {
        // A killed process leaves its cgroup a moment after it stops counting as a member.
        if (!await Wait.ForAsync(TryRemove, EmptyLimit, stop))
            throw new LabException($"{Path} can't be removed: somebody is still inside");
    }

    bool TryRemove()
    {
        try
        {
            foreach (var folder in Folders())
                Directory.Delete(folder);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return !Exists;
        }
    }

    string FileOf(string name) => System.IO.Path.Combine(Path, name);

    bool Event(string name)
    {
        try
        {
            return File.ReadLines(FileOf("cgroup.events")).Contains($"{name} 1", StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    static IEnumerable<int> ProcessesOf(string folder)
    {
        try
        {
            return File.ReadAllLines(System.IO.Path.Combine(folder, "cgroup.procs"))
                .Select(line => int.Parse(line, CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return []; // Removed while we looked.
        }
    }
}
