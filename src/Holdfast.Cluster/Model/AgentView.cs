namespace Holdfast.Cluster.Model;

/// <summary>
/// What an agent knows and shows: published as a whole after every turn, so that the REST API never waits for the
/// store or for PostgreSQL. Immutable; safe from any thread.
/// </summary>
public sealed record AgentView
{
    public required NodeName Name { get; init; }
    public required string Scope { get; init; }

    /// <summary>Null until the store answered for the first time.</summary>
    public ClusterView? Cluster { get; init; }

    /// <summary>When the store last answered, UTC.</summary>
    public DateTimeOffset? StoreSeenAt { get; init; }

    public required PostgresView Postgres { get; init; }

    /// <summary>The words of Patroni's member state: running, starting, stopped, creating replica, ...</summary>
    public required string State { get; init; }

    /// <summary>The words of Patroni's role: primary, replica, uninitialized, demoted, promoted.</summary>
    public required string Role { get; init; }

    /// <summary>True while this agent's counted lease is in force.</summary>
    public bool HasLease { get; init; }
    public Term Term { get; init; }
    /// <summary>The newest term that this node refuses.</summary>
    public Term Refused { get; init; }

    /// <summary>The newest term that this node has seen.</summary>
    public Term Seen { get; init; }

    /// <summary>The term whose primary this node does not hear; none: it does, or can't tell.</summary>
    public Term Suspects { get; init; }

    /// <summary>The lease in force rests on the members' word, since the store is silent.</summary>
    public bool OnFailsafe { get; init; }
    public JobView? Job { get; init; }

    /// <summary>A primary that does not let clients in yet: the work on that.</summary>
    public JobView? Opening { get; init; }

    /// <summary>About to hand over: proxies hold what is new, and what runs may finish.</summary>
    public bool HandsOver { get; init; }

    /// <summary>To whom, from a moment before.</summary>
    public NodeName? Successor { get; init; }

    /// <summary>CLOCK_BOOTTIME when <see cref="Postgres"/> was looked up: positions are as old as that.</summary>
    public TimeSpan LookedAt { get; init; }

    /// <summary>CLOCK_BOOTTIME of the last turn of the loop.</summary>
    public TimeSpan LastTurn { get; init; }

    /// <summary>The last decision and its reason.</summary>
    public string Decision { get; init; } = "";

    /// <summary>This member's own tags.</summary>
    public bool NoFailover { get; init; }
    public bool NoLoadBalance { get; init; }
    public bool NoSync { get; init; }
    /// <summary>A watchdog is required here, and does not work.</summary>
    public bool WatchdogFailed { get; init; }

    /// <summary>What the write probe says.</summary>
    public DiskView Disk { get; init; } = DiskView.Well;
    public string? ConnUrl { get; init; }
    public string? ApiUrl { get; init; }
}
