using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>The folders of one node for one test, short enough for unix sockets, with a cgroup where one may be
/// made.</summary>
sealed class NodeFolder : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("hf").FullName;

    public NodeFolder()
    {
        // Everybody may pass: the servers run as users of their own.
        File.SetUnixFileMode(_root, (UnixFileMode)0b111_101_101);
        Paths = new NodePaths($"{_root}/d", $"{_root}/r", "/nowhere/holdfast");
        string[] folders =
            [Paths.Data, Paths.PostgresHome, Paths.Logs, Paths.Run, Paths.RawFolder, Paths.RecordFolder];
        foreach (var folder in folders)
            Directory.CreateDirectory(folder);
        Paths = Paths with { CgroupBase = CgroupTree.TryMakeBase("test", Paths.Run) };
    }

    public NodePaths Paths { get; }

    /// <summary>A leaf for PostgreSQL, as the agent would make it.</summary>
    public Cgroup? PostgresLeaf => CgroupTree.TryMake(Paths.CgroupBase!, "pg/postgres");

    public void Dispose()
    {
        if (Paths.CgroupBase is { } top)
        {
            _ = new Cgroup(top).TryKill();
            for (var tries = 0; tries < 100 && !CgroupTree.TryRemove(top); tries++)
            {
                // A killed process leaves its cgroup a moment later.
            }
        }
        _ = ProcessSweep.KillAll(cgroup: null, root: null, Paths.PostgresData);
        Directory.Delete(_root, recursive: true);
    }
}
