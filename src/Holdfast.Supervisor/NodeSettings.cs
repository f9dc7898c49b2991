using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Supervisor;

/// <summary>All that one supervisor is told.</summary>
public sealed record NodeSettings
{
    public required ClusterFile File { get; init; }

    /// <summary>The file as the operator wrote it, for the programs that read it themselves.</summary>
    public required string FileText { get; init; }
    public required NodeName Host { get; init; }
    public required NodePaths Paths { get; init; }

    /// <summary>The text of agent.yml, a Patroni YAML.</summary>
    public required Func<ClusterFile, NodeName, NodePaths, string> AgentYaml { get; init; }

    /// <summary>Who may log in to the proxy, with their passwords, as it reads them: never logged, never
    /// shown.</summary>
    public string ProxyUsers { get; init; } = "";

    /// <summary>The variables of this host's apps, by app, with their secrets: never logged, never shown.</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>> AppVariables { get; init; } =
        ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>>.Empty;

    /// <summary>What to run; by default what the file gives the host.</summary>
    public Func<ClusterFile, NodeName, NodePaths, ImmutableArray<ProgramSpec>> Programs { get; init; } =
        HostPrograms.For;
}
