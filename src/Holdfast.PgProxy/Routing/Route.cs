using System.Collections.Immutable;

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
    public sealed record Hold(string Why) : Route;
}
