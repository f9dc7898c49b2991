namespace Holdfast.Cluster.Configuration;

/// <summary>
/// What the file says about pools: for all of them, for those of a database, or for those of a user. The words are
/// PgBouncer's. Null: it says nothing. Zero, of a number that bounds and of a period: no bound.
/// </summary>
public sealed record PoolLimits
{
    public PoolKind? Pool { get; init; }

    /// <summary>Servers for the clients of one port, database and user; 1 to 10,000.</summary>
    public int? PoolSize { get; init; }

    /// <summary>Servers beyond the size, for clients that have waited too long.</summary>
    public int? ReservePoolSize { get; init; }
    public TimeSpan? ReservePoolTimeout { get; init; }

    /// <summary>Servers that stay logged in while the pool has clients.</summary>
    public int? MinPoolSize { get; init; }

    /// <summary>Servers over all pools of a database.</summary>
    public int? MaxDbConnections { get; init; }

    /// <summary>Servers over all pools of a user.</summary>
    public int? MaxUserConnections { get; init; }
    public int? MaxDbClientConnections { get; init; }
    public int? MaxUserClientConnections { get; init; }

    public TimeSpan? QueryWaitTimeout { get; init; }
    public TimeSpan? QueryTimeout { get; init; }
    public TimeSpan? IdleTransactionTimeout { get; init; }
    public TimeSpan? ClientIdleTimeout { get; init; }
    public TimeSpan? ServerIdleTimeout { get; init; }
    public TimeSpan? ServerLifetime { get; init; }

    /// <summary>Empty: none.</summary>
    public string? ServerResetQuery { get; init; }
    public bool? ServerResetQueryAlways { get; init; }

    /// <summary>A SELECT that a lost server left without an answer is asked again.</summary>
    public bool? RepeatSelects { get; init; }

    /// <summary>What became of a COMMIT whose answer was lost is found out.</summary>
    public bool? ResolveCommits { get; init; }

    /// <summary>So long a read on the replica port waits for what its user's clients on the same machine have
    /// written.</summary>
    public TimeSpan? ReadYourWrites { get; init; }
}
