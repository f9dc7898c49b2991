using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>All that a routing decision may look at.</summary>
public sealed record RoutingView
{
    /// <summary>Null: the store has not answered yet.</summary>
    public ClusterView? Cluster { get; init; }

    /// <summary>How long ago the store confirmed the view.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>The lease's time to live where the store has no settings yet.</summary>
    public required TimeSpan DefaultTtl { get; init; }

    /// <summary>Why the view is not believed, though the store said it; null when it is.</summary>
    public string? Distrust { get; init; }

    /// <summary>The newest term ever seen, this view's included.</summary>
    public Term NewestTerm { get; init; }

    /// <summary>What the operator wrote of the replicas.</summary>
    public ReplicaSettings Replicas { get; init; } = new();

    /// <summary>What is thought of them.</summary>
    public ReplicaBook Book { get; init; } = ReplicaBook.Empty;

    public TimeSpan Ttl => Cluster?.Settings?.Ttl ?? DefaultTtl;

    /// <summary>
    /// After ttl without news another server may lead: a proxy cut off together with an old primary would feed it.
    /// </summary>
    public bool IsStale => Age >= Ttl;
}
