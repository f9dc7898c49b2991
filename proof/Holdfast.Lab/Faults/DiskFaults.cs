using System.Globalization;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Faults;

/// <summary>Faults of a host's own disks; only in a lab that has them.</summary>
static class DiskFaults
{
    /// <summary>A file that takes all there is.</summary>
    const string Filler = "filler";

    const long BlockBytes = 4096;

    /// <summary>etcd's disk only: PostgreSQL has another.</summary>
    public static Task FreezeEtcdAsync(LabState state, LabHost host, CancellationToken stop) =>
        Disks.FreezeAsync(FoldersOf(state).EtcdOf(host.Name), stop);

    public static Task ThawAsync(LabState state, LabHost host, CancellationToken stop) =>
        Disks.ThawAsync(FoldersOf(state).Of(host.Name), stop);

    /// <summary>Takes every free block of PostgreSQL's disk, at once and without writing any; whoever frees some gets
    /// it back unless this is called again.</summary>
    public static async Task FillAsync(LabState state, LabHost host, CancellationToken stop)
    {
        var folder = FoldersOf(state).DataOf(host.Name);
        var file = new FileInfo(Path.Combine(folder, Filler));
        for (var bytes = FreeBytes(folder); bytes >= BlockBytes; bytes = Math.Min(bytes, FreeBytes(folder)))
        {
            file.Refresh();
            var from = file.Exists ? file.Length : 0;
            var taken = await Tool.TryAsync("fallocate",
                ["--offset", Text(from), "--length", Text(bytes), file.FullName], "", stop);
            // The file's own tree takes blocks too: what is left goes in smaller pieces.
            bytes = taken.ExitCode == 0 ? FreeBytes(folder) : bytes / 2;
        }
    }

    public static void Empty(LabState state, LabHost host) =>
        File.Delete(Path.Combine(FoldersOf(state).DataOf(host.Name), Filler));

    static long FreeBytes(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    static string Text(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    static LabFolders FoldersOf(LabState state) => state.HasDisks
        ? new LabFolders(state.Lab)
        : throw new LabException($"the hosts of lab {state.Lab} have no disks of their own: lab up --disks 4G");
}
