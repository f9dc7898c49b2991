using System.Collections.Immutable;

namespace Holdfast.Cluster.Configuration;

/// <summary>How the proxy is looked after.</summary>
public sealed record ProxyOperationSettings
{
    /// <summary>May use all commands of the console (PgBouncer's admin_users).</summary>
    public ImmutableArray<string> AdminUsers { get; init; } = [];

    /// <summary>May use the console's SHOW (PgBouncer's stats_users).</summary>
    public ImmutableArray<string> StatsUsers { get; init; } = [];

    /// <summary>The port of Prometheus' text; null: none.</summary>
    public int? Metrics { get; init; }

    /// <summary>How long transactions may go on after the order to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long clients may stay with a process whose ports the next one has taken.</summary>
    public TimeSpan HandoverTimeout { get; init; } = TimeSpan.FromMinutes(1);
}
