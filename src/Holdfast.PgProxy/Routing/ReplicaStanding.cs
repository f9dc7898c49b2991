using Holdfast.Cluster.Model;

namespace Holdfast.PgProxy.Routing;

/// <summary>What is thought of one replica, and remembered of it until the next look. Times are
/// CLOCK_BOOTTIME.</summary>
public sealed record ReplicaStanding
{
    /// <summary>Why nobody new is sent to it; null: it may serve. For people, to follow its name.</summary>
    public string? WhyDrained { get; init; }

    /// <summary>Why even those that it serves must end.</summary>
    public string? WhyCut { get; init; }

    /// <summary>Its newest position, when that came, and what was known of the leader's then.</summary>
    public Lsn Replayed { get; init; }
    public TimeSpan ReplayedAt { get; init; }
    public Lsn LeaderThen { get; init; }

    public bool IsLagging { get; init; }

    /// <summary>It tells whether it streams: Patroni does since 4.0, Holdfast always.</summary>
    public bool TellsStreaming { get; init; }

    /// <summary>Since when it has followed nobody, or an older timeline; null: all is well.</summary>
    public TimeSpan? AstraySince { get; init; }

    /// <summary>Since when it has not known of the leader that we know.</summary>
    public TimeSpan? OldSince { get; init; }
}
