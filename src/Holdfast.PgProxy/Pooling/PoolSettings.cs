namespace Holdfast.PgProxy.Pooling;

/// <summary>When a client's server is another's.</summary>
public enum PoolMode
{
    /// <summary>When the client has gone.</summary>
    Session,

    /// <summary>At the end of each transaction.</summary>
    Transaction,
}

/// <summary>How servers are shared.</summary>
public sealed record PoolSettings
{
    public required PoolMode Mode { get; init; }

    /// <summary>Servers for the clients of one port, database and user; 1 and more.</summary>
    public int Size { get; init; } = 20;

    /// <summary>How long a client waits while all of them are busy.</summary>
    public TimeSpan QueryWaitTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>A server that nobody needed for so long is closed.</summary>
    public TimeSpan ServerIdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A server this old is closed when it is idle.</summary>
    public TimeSpan ServerLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Event loops, each with a thread of its own; 0: one for every two processors, since a proxy shares its host with
    /// a PostgreSQL. Measured on two: two loops pass 5 % more statements than one, at 8 % more time for each.
    /// </summary>
    public int Loops { get; init; }

    /// <summary>False: whoever connects is let in, as PostgreSQL's trust does.</summary>
    public bool AsksPassword { get; init; } = true;
}
