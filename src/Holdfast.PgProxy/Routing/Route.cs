using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>Where a new connection of one port goes.</summary>
public abstract record Route
{
    Route()
    {
    }

    /// <summary>Any of these; never empty.</summary>
    public sealed record To(ImmutableArray<Server> Servers, string Why) : Route
    {
        /// <summary>The share of each, in their order; at least 1. Without them all are alike.</summary>
        public ImmutableArray<int> Weights { get; init; } = [];

        public int WeightOf(int server) => Weights.IsEmpty ? ReplicaSettings.UsualWeight : Weights[server];
    }

    /// <summary>Nobody for now: the client waits.</summary>
    public sealed record Hold(string Why) : Route
    {
        /// <summary>
        /// The primary whose connections go on all the same: it has put its lock on a new lease, and has not said so
        /// yet. A connection that lives proves that its server ran on: one that lost the lock was killed.
        /// </summary>
        public NodeName? LeadsOn { get; init; }
    }
}
