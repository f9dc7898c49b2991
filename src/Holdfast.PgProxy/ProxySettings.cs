using System.Collections.Immutable;
using System.Net;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy;

public sealed record ProxySettings
{
    public const int ClientsMaxByDefault = 10_000;

    /// <summary>The cluster's name, for messages to people.</summary>
    public required string Cluster { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Any;

    /// <summary>The port that leads to the primary; 0: any free one.</summary>
    public required int PrimaryPort { get; init; }

    /// <summary>The port over the replicas; null: none.</summary>
    public int? ReplicasPort { get; init; }

    /// <summary>Whom a cancel request may be for that is not for a client here, where servers are pooled.</summary>
    public PeerSettings Peers { get; init; } = new();

    /// <summary>Whose word on the cluster is taken instead of the store's; empty: nobody's.</summary>
    public ImmutableArray<string> Patroni { get; init; } = [];

    /// <summary>Which replicas serve, and how much.</summary>
    public ReplicaSettings Replicas { get; init; } = new();

    /// <summary>How long a new connection waits while no server may have it.</summary>
    public TimeSpan HoldTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The lease's time to live until the store tells its own.</summary>
    public TimeSpan DefaultTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Clients at once on both ports, as far as the process may open files: each takes one, and where servers
    /// are not pooled two.</summary>
    public int ClientsMax { get; init; } = ClientsMaxByDefault;

    /// <summary>How servers are shared; null: each client has one of its own, and logs in there itself.</summary>
    public PoolSettings? Pools { get; init; }

    /// <summary>From a client's connect until it is logged in, without the time that it waits for us (PostgreSQL:
    /// authentication_timeout; PgBouncer: client_login_timeout).</summary>
    public TimeSpan ClientLoginTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Who may use the console, where servers are pooled.</summary>
    public ConsoleSettings Console { get; init; } = ConsoleSettings.Closed;

    /// <summary>Where Prometheus' text is served at /metrics, on the same address; 0: any free port; null: nowhere.
    /// </summary>
    public int? MetricsPort { get; init; }

    /// <summary>Where the next process asks for the listening sockets; null: there will be none.</summary>
    public string? HandoverPath { get; init; }

    /// <summary>How long clients may stay after the next process has taken the ports; then comes the order to
    /// stop.</summary>
    public TimeSpan HandoverTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long sessions may go on after the order to stop.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(5);
}
