using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Configuration;

/// <summary>The one file, bound and checked. The same on every host.</summary>
public sealed record ClusterFile
{
    /// <summary>Also Patroni's scope, and the cluster token of etcd.</summary>
    public required string Cluster { get; init; }

    /// <summary>In the file's order.</summary>
    public required ImmutableArray<HostSettings> Hosts { get; init; }

    public required EtcdSettings Etcd { get; init; }
    public required PostgresSettings Postgres { get; init; }
    public PgProxySettings? PgProxy { get; init; }

    /// <summary>Programs of your own, in the file's order.</summary>
    public ImmutableArray<AppSettings> Apps { get; init; } = [];
    public EdgeSettings? Edge { get; init; }

    /// <summary>The address of a host of the file; the reader has made sure that it is there.</summary>
    public string AddressOf(NodeName host) => Hosts.First(candidate => candidate.Name == host).Address;

    /// <summary>host:port of the members of etcd; first that on <paramref name="host"/>, if there is one: it costs no
    /// network, and the others stand in for it.</summary>
    public ImmutableArray<string> EtcdEndpoints(NodeName? host = null) => Etcd.On.IsDefaultOrEmpty
        ? Etcd.Endpoints
        : [.. Etcd.On.OrderBy(member => member == host ? 0 : 1)
            .Select(member => $"{AddressOf(member)}:{Etcd.ClientPort}")];
}

public sealed record HostSettings(NodeName Name, string Address);

public sealed record EtcdSettings
{
    /// <summary>Hosts of the managed members; empty when <see cref="Endpoints"/> name an etcd of your own.</summary>
    public ImmutableArray<NodeName> On { get; init; } = [];

    /// <summary>host:port of an etcd that somebody else looks after.</summary>
    public ImmutableArray<string> Endpoints { get; init; } = [];

    public int ClientPort { get; init; } = 2379;
    public int PeerPort { get; init; } = 2380;

    /// <summary>The operating system's user that runs a managed member.</summary>
    public string User { get; init; } = "etcd";
}

public sealed record PostgresSettings
{
    public required ImmutableArray<NodeName> On { get; init; }
    public int Listen { get; init; } = 5432;

    /// <summary>The port of the agent's REST API (Patroni's restapi).</summary>
    public int Rest { get; init; } = 8008;

    /// <summary>The operating system's user that runs the agent and PostgreSQL.</summary>
    public string User { get; init; } = "postgres";

    /// <summary>Folder of PostgreSQL's programs; null: found by PATH, else the newest of
    /// /usr/lib/postgresql/*/bin.</summary>
    public string? BinDir { get; init; }

    /// <summary>Roles to create, by name. <c>postgres</c> is the superuser.</summary>
    public ImmutableSortedDictionary<string, SecretSettings?> Users { get; init; } =
        ImmutableSortedDictionary.Create<string, SecretSettings?>(StringComparer.Ordinal);

    /// <summary>Databases to create: name to owner (null: the superuser).</summary>
    public ImmutableSortedDictionary<string, string?> Databases { get; init; } =
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);

    /// <summary>Off unless the file says otherwise.</summary>
    public WatchdogSettings Watchdog { get; init; } = new();

    public DynamicSettings Dcs { get; init; } = new();
}

/// <summary>A secret as the file gives it: exactly one of the three is set. Read at the edge.</summary>
public sealed record SecretSettings(string? Value, string? File, string? Env)
{
    /// <summary>Never the secret itself.</summary>
    public override string ToString() => File is not null ? $"file {File}" : Env is not null ? $"env {Env}" : "***";
}
