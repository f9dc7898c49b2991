using System.Collections.Immutable;
using System.Net;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Edge;

/// <summary>All that an edge is told before it starts. The instances themselves come from the store.</summary>
public sealed record FrontSettings
{
    public IPAddress Address { get; init; } = IPAddress.Any;

    /// <summary>The public port; 0: any free one.</summary>
    public required int HttpPort { get; init; }

    /// <summary>The port of /metrics; 0: any free one.</summary>
    public required int MetricsPort { get; init; }

    public required ImmutableArray<RouteSettings> Routes { get; init; }

    /// <summary>Those that routes lead to; of the others nothing is used.</summary>
    public required ImmutableArray<AppSettings> Apps { get; init; }

    /// <summary>Where instances should be, by the file. Believed, if the own check passes, until the store answers for
    /// the first time: an edge that starts while the store is away serves all the same.</summary>
    public ImmutableArray<AppInstance> Expected { get; init; } = [];

    /// <summary>How long requests may go on after the order to stop.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(5);
}
