using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>What one PostgreSQL instance needs to know of itself. Secrets are resolved; never log this
/// record.</summary>
public sealed record InstanceSettings
{
    public required NodeName Name { get; init; }

    /// <summary>Becomes cluster_name.</summary>
    public required string Scope { get; init; }

    /// <summary>Absolute; its parent is writable for us (clones are made beside it).</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Folder of initdb, postgres, pg_basebackup, pg_rewind, pg_controldata.</summary>
    public required string BinDirectory { get; init; }

    /// <summary>listen_addresses, comma separated.</summary>
    public required string ListenAddresses { get; init; }
    public required int Port { get; init; }

    /// <summary>Where other members reach this server.</summary>
    public required string ConnectHost { get; init; }

    /// <summary>Folder of the unix socket; short, since the path has 107 bytes at most.</summary>
    public required string SocketDirectory { get; init; }

    /// <summary>PostgreSQL's own output goes here, appended; it must not be a pipe to the agent.</summary>
    public required string LogFile { get; init; }

    /// <summary>The cgroup v2 folder under which the leaf "postgres" is made; null: no cgroup, the sweep
    /// kills.</summary>
    public string? CgroupParent { get; init; }

    /// <summary>The operating system's user that owns the files and runs PostgreSQL, when we run as root; null: our own
    /// (PostgreSQL refuses root).</summary>
    public string? RunAs { get; init; }

    public required Credentials Superuser { get; init; }
    public required Credentials Replication { get; init; }
    public required Credentials Rewind { get; init; }

    /// <summary>Local parameters (Patroni: postgresql.parameters); they win over the dynamic ones.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Local pg_hba lines; empty: the dynamic ones, and without those our own.</summary>
    public ImmutableArray<string> PgHba { get; init; } = [];

    /// <summary>Roles to create after bootstrap: name to password.</summary>
    public ImmutableSortedDictionary<string, string?> Roles { get; init; } =
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);

    /// <summary>Databases to create after bootstrap: name to owner.</summary>
    public ImmutableSortedDictionary<string, string?> Databases { get; init; } =
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal);
}

public sealed record Credentials(string User, string? Password)
{
    /// <summary>Never the password.</summary>
    public override string ToString() => User;
}
