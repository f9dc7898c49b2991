using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Configuration;

/// <summary>Whose a server is, and until when (PgBouncer's pool_mode).</summary>
public enum PoolKind
{
    /// <summary>Each client has one of its own, and logs in to it itself.</summary>
    None,

    /// <summary>The client's until it goes.</summary>
    Session,

    /// <summary>The client's until its transaction ends.</summary>
    Transaction,
}

/// <summary>What the proxy shows to clients, and asks of them. Paths are absolute.</summary>
/// <param name="Certificate">PEM, with its chain.</param>
/// <param name="Key">PEM, not encrypted.</param>
/// <param name="ClientCa">PEM: who signs clients' certificates; null: none is asked for.</param>
/// <param name="IsRequired">Clients in clear are turned away.</param>
public sealed record ClientTlsSettings(string Certificate, string Key, string? ClientCa, bool IsRequired);

/// <summary>libpq's sslmode, towards servers.</summary>
public enum ServerTlsKind
{
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// <summary>How the proxy talks to servers. Paths are absolute.</summary>
/// <param name="Tls">What is asked of them.</param>
/// <param name="Ca">PEM: who signs servers' certificates; there where they are verified.</param>
/// <param name="Certificate">PEM: the proxy's own, with its chain, for servers that ask; or null.</param>
/// <param name="Key">PEM, not encrypted; there with the certificate.</param>
public sealed record ServerTlsSettings(ServerTlsKind Tls, string? Ca, string? Certificate, string? Key);

/// <summary>Who may log in, and how; PgBouncer's words.</summary>
public sealed record LoginSettings
{
    /// <summary>A file in pg_hba.conf's format; absolute. Null: no rules.</summary>
    public string? Hba { get; init; }

    /// <summary>Looks up users that the file does not have; null: nobody does.</summary>
    public string? AuthUser { get; init; }

    /// <summary>Where it asks.</summary>
    public string AuthDbname { get; init; } = "postgres";

    /// <summary>What it asks; null: pg_authid.</summary>
    public string? AuthQuery { get; init; }

    /// <summary>From the connect until a client is logged in.</summary>
    public TimeSpan ClientLoginTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public bool ApplicationNameAddHost { get; init; }
    public ImmutableArray<string> IgnoreStartupParameters { get; init; } = [];
}

public sealed record PgProxySettings
{
    public required ImmutableArray<NodeName> On { get; init; }
    public int Primary { get; init; } = 5000;

    /// <summary>Null: no port for replicas.</summary>
    public int? Replicas { get; init; }

    /// <summary>How long a client waits while there is no primary.</summary>
    public TimeSpan HoldTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How clients share servers.</summary>
    public PoolKind Pool { get; init; }

    /// <summary>Of all pools; those of a database come before it, and those of a user before these.</summary>
    public PoolLimits Limits { get; init; } = new();
    public ImmutableSortedDictionary<string, PoolLimits> Databases { get; init; } =
        ImmutableSortedDictionary<string, PoolLimits>.Empty;
    public ImmutableSortedDictionary<string, PoolLimits> Users { get; init; } =
        ImmutableSortedDictionary<string, PoolLimits>.Empty;

    /// <summary>Clients at once on both ports; null: as many as the proxy's open files allow, 10,000 at
    /// most.</summary>
    public int? MaxClientConn { get; init; }

    /// <summary>Where servers are pooled: whoever connects is who it says (PgBouncer's auth_type trust).</summary>
    public bool TrustsClients { get; init; }

    /// <summary>Null: clients talk in clear, or with the server that is their own.</summary>
    public ClientTlsSettings? Tls { get; init; }

    public LoginSettings Login { get; init; } = new();

    /// <summary>Null: servers are talked to in clear.</summary>
    public ServerTlsSettings? Servers { get; init; }

    public ProxyOperationSettings Operation { get; init; } = new();

    public RoutingSettings Routing { get; init; } = new();

    /// <summary>The operating system's user that runs the proxy.</summary>
    public string User { get; init; } = "postgres";
}
