using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;

namespace Holdfast.Agent.Configuration;

/// <summary>What one agent was told by its file (a Patroni YAML, or one that the supervisor generated).</summary>
public sealed record AgentSettings
{
    /// <summary>Patroni's scope: the cluster's name.</summary>
    public required string Scope { get; init; }

    /// <summary>Patroni's namespace, without slashes.</summary>
    public string Namespace { get; init; } = "service";

    public required NodeName Name { get; init; }

    /// <summary>Where the REST API listens (restapi.listen).</summary>
    public required HostPort RestListen { get; init; }

    /// <summary>Where others reach it (restapi.connect_address).</summary>
    public required HostPort RestConnect { get; init; }

    public required ImmutableArray<HostPort> Etcd { get; init; }
    public required InstanceSettings Postgres { get; init; }

    /// <summary>bootstrap.dcs: the dynamic configuration of a new cluster.</summary>
    public required DynamicSettings BootstrapDcs { get; init; }

    /// <summary>The agents of all hosts of the file (name to REST address): a bootstrap asks a majority of them. Empty
    /// in a
    /// plain Patroni YAML: then the race for the key <c>initialize</c> decides alone, as in Patroni.</summary>
    public ImmutableSortedDictionary<NodeName, HostPort> Hosts { get; init; } =
        ImmutableSortedDictionary<NodeName, HostPort>.Empty;

    /// <summary>The supervisor's fence socket; null: no supervisor, the agent is the only owner of its
    /// deadline.</summary>
    public string? FenceSocket { get; init; }

    /// <summary>A folder of the agent's own: the highest term seen is kept there.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where others reach PostgreSQL, as members publish it.</summary>
    public string ConnUrl => $"postgres://{Postgres.ConnectHost}:{Postgres.Port}/postgres";

    /// <summary>Where others reach this agent, as members publish it.</summary>
    public string ApiUrl => $"http://{RestConnect}/patroni";

    /// <summary>The third owner of the deadline; off unless the file asks for it.</summary>
    public WatchdogSettings Watchdog { get; init; } = new();

    public bool NoFailover { get; init; }
    public bool NoLoadBalance { get; init; }
    public bool NoSync { get; init; }

    /// <summary>Tag failover_priority: of equal candidates the highest is promoted.</summary>
    public int FailoverPriority { get; init; } = 1;

    /// <summary>Tag sync_priority: in plain synchronous mode the highest are chosen.</summary>
    public int SyncPriority { get; init; } = 1;
}

public readonly record struct HostPort(string Host, int Port)
{
    public override string ToString() => $"{Host}:{Port}";
}
