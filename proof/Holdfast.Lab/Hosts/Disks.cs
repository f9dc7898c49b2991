using System.Globalization;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>
/// Disks of the hosts' own: ext4 images on loop devices, one for /var/lib/holdfast and one for etcd's folder in it, so
/// that either can be frozen or filled without the other. What a lab has is read from the machine's mounts, never
/// remembered: an interrupted lab is cleaned up like any other. A device goes back with its unmount (autoclear).
/// </summary>
static class Disks
{
    /// <summary>etcd writes little; the logs and PostgreSQL have the other one.</summary>
    const long EtcdBytes = 1L << 30;

    /// <summary>Below it, initdb, WAL and the logs do not fit.</summary>
    const long LeastBytes = 1L << 30;

    static readonly TimeSpan UnmountLimit = TimeSpan.FromSeconds(10);

    /// <summary>512M, 4G.</summary>
    public static long Bytes(string text)
    {
        var shift = text is [.., 'M'] ? 20 : text is [.., 'G'] ? 30 : 0;
        return shift > 0 && long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue >> shift && count << shift >= LeastBytes
            ? count << shift
            : throw new LabException($"'{text}' is no size of a disk: 4G, 2048M; at least 1G");
    }

    /// <summary>Makes and mounts both disks of a host whose folders are still empty.</summary>
    public static async Task CreateAsync(LabFolders folders, string host, long bytes, CancellationToken stop)
    {
        // Beside the folders: an image inside the other disk would freeze with it.
        await MountNewAsync(Path.Combine(folders.Of(host), "data.img"), folders.DataOf(host), bytes, stop);
        await MountNewAsync(Path.Combine(folders.Of(host), "etcd.img"), folders.EtcdOf(host), EtcdBytes, stop);
    }

    /// <summary>Writes to it wait, in the kernel, until it is thawed.</summary>
    public static Task FreezeAsync(string folder, CancellationToken stop) =>
        Tool.RunAsync("fsfreeze", ["--freeze", folder], "", stop);

    /// <summary>Whatever below this folder is frozen; safe to repeat.</summary>
    public static async Task ThawAsync(string folder, CancellationToken stop)
    {
        foreach (var mounted in MountsBelow(folder))
            _ = await Tool.TryAsync("fsfreeze", ["--unfreeze", mounted], "", stop);
    }

    /// <summary>Unmounts all below this folder; nobody may use it any more.</summary>
    public static async Task RemoveAsync(string folder, CancellationToken stop)
    {
        await ThawAsync(folder, stop);
        // Who was killed lets go of his files a moment after he stops counting as a process.
        var gone = await Wait.ForAsync(async () =>
        {
            foreach (var mounted in MountsBelow(folder))
                _ = await Tool.TryAsync("umount", [mounted], "", stop);
            return MountsBelow(folder).Count == 0;
        }, UnmountLimit, stop);
        if (!gone)
            throw new LabException($"still mounted, somebody uses it: {string.Join(", ", MountsBelow(folder))}");
    }

    /// <summary>The deepest first.</summary>
    public static IReadOnlyList<string> MountsBelow(string folder) =>
    [
        .. File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1])
            .Where(target => target.StartsWith(folder + "/", StringComparison.Ordinal))
            .OrderByDescending(target => target.Length),
    ];

    static async Task MountNewAsync(string image, string folder, long bytes, CancellationToken stop)
    {
        using (var file = File.OpenHandle(image, FileMode.CreateNew, FileAccess.Write))
            RandomAccess.SetLength(file, bytes);
        // No blocks kept back for root: PostgreSQL is not root, and the disk is full when it is full.
        _ = await Tool.RunAsync("mkfs.ext4", ["-q", "-F", "-m", "0", image], "", stop);
        Directory.CreateDirectory(folder);
        var mounted = await Tool.TryAsync("mount", ["-o", "loop", image, folder], "", stop);
        if (mounted.ExitCode != 0)
        {
            throw new LabException(
                $"disks of their own need loop devices, which this machine lacks: {mounted.Error.Trim()}");
        }
        Directory.Delete(Path.Combine(folder, "lost+found"));
    }
}
