using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>Which replicas serve the port over them, and how much of it.</summary>
public sealed record ReplicaSettings
{
    /// <summary>Of a replica that is not named.</summary>
    public const int UsualWeight = 1;

    /// <summary>Shares of the statements by member, 0 to 1000; 0: none.</summary>
    public ImmutableSortedDictionary<NodeName, int> Weights { get; init; } =
        ImmutableSortedDictionary<NodeName, int>.Empty;

    /// <summary>A replica that has replayed less than the leader has written, by more than this many bytes, takes
    /// no new work until it has caught up to half of it; null: no limit.</summary>
    public ulong? LagLimit { get; init; }

    /// <summary>Where no replica may serve, the primary does.</summary>
    public bool FallsBack { get; init; } = true;

    public int WeightOf(NodeName name) => Weights.GetValueOrDefault(name, UsualWeight);
}
