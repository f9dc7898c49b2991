using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Configuration;

/// <summary>Where the proxy learns who serves, and how it chooses among replicas.</summary>
public sealed record RoutingSettings
{
    /// <summary>Shares of the statements of the replica port, 0 to 1000; 1 where not given.</summary>
    public ImmutableSortedDictionary<NodeName, int> Weights { get; init; } =
        ImmutableSortedDictionary<NodeName, int>.Empty;

    /// <summary>Bytes of log that a replica may be behind in replay; null: no limit.</summary>
    public long? LagLimit { get; init; }

    /// <summary>The primary serves the replica port while no replica may.</summary>
    public bool Fallback { get; init; } = true;

    /// <summary>Addresses of REST APIs of a Patroni cluster that this file does not run; empty: the store is
    /// watched.</summary>
    public ImmutableArray<string> Patroni { get; init; } = [];
}
