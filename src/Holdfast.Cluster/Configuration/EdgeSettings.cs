using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Configuration;

/// <summary>The http front of the apps.</summary>
public sealed record EdgeSettings
{
    public required ImmutableArray<NodeName> On { get; init; }

    /// <summary>The operating system's user that runs it.</summary>
    public string User { get; init; } = "www-data";
    public int Http { get; init; } = 80;

    /// <summary>Prometheus text at /metrics, beside the public port.</summary>
    public int Metrics { get; init; } = 9180;

    /// <summary>In the file's order; the longest path that fits a request is taken.</summary>
    public required ImmutableArray<RouteSettings> Routes { get; init; }
}

public sealed record RouteSettings
{
    /// <summary>Absolute; fits itself and, by whole segments, what is below it.</summary>
    public required string Path { get; init; }

    /// <summary>The name of an app with a port.</summary>
    public required string To { get; init; }

    /// <summary>Failures of an instance within <see cref="FailTimeout"/> until it is passed over for as long (nginx's
    /// words); 0: never.</summary>
    public int MaxFails { get; init; } = 3;
    public TimeSpan FailTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the last byte of the request to the first of the answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest request body, in bytes.</summary>
    public long BodyMax { get; init; } = 1024 * 1024;
}
