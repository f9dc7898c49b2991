using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Lab.Hosts;

/// <summary>What <c>lab up</c> was asked for.</summary>
sealed record LabRequest
{
    /// <summary>Full path of the cluster file.</summary>
    public required string Path { get; init; }

    /// <summary>The file as it stands; the hosts get this text.</summary>
    public required string Text { get; init; }

    public required ClusterFile Cluster { get; init; }
    public required string Lab { get; init; }

    /// <summary>Ports of the file on 127.0.0.1, or free ones.</summary>
    public bool FreePorts { get; init; }

    /// <summary>Folder of the published <c>holdfast</c>.</summary>
    public required string Programs { get; init; }

    /// <summary>Folders of other published programs: each is at /opt/NAME of every host, by its folder's
    /// name.</summary>
    public ImmutableArray<string> OtherPrograms { get; init; } = [];

    /// <summary>Size of each host's own disk; null: all hosts share the machine's.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>What runs in Holdfast's place; null: Holdfast.</summary>
    public string? Rival { get; init; }

    /// <summary>Further files of /etc/holdfast on every host, by name.</summary>
    public ImmutableSortedDictionary<string, string> Settings { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What every host runs; tests of the lab's own mechanics run something smaller. The host's name is
    /// appended.</summary>
    public ImmutableArray<string> Node { get; init; } =
        ["/opt/holdfast/holdfast", "node", "--config", "/etc/holdfast/holdfast.yml", "--name"];

    /// <summary>systemd's ExecStopPost: runs after every end of the above.</summary>
    public ImmutableArray<string> AfterNode { get; init; } = ["/opt/holdfast/holdfast", "fence"];

    /// <param name="path">Full path of the cluster file.</param>
    /// <param name="lab">Null: called like the cluster.</param>
    public static LabRequest Of(string path, string? lab)
    {
        var text = LabFile.Text(path);
        var cluster = LabFile.Read(path, text);
        var programs = PublishedPrograms.Find();
        return new LabRequest
        {
            Path = path,
            Text = text,
            Cluster = cluster,
            Lab = lab ?? cluster.Cluster,
            Programs = programs,
            OtherPrograms = PublishedPrograms.BesideOf(programs),
        };
    }
}
