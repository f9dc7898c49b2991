namespace Holdfast.Cluster.Model;

/// <summary>What another agent said of itself over REST, asked just now (Patroni's status answer; the last six are
/// ours).</summary>
public sealed record PeerAnswer
{
    public required NodeName Name { get; init; }

    /// <summary>The cluster that it belongs to; empty when it did not say.</summary>
    public string Scope { get; init; } = "";
    public string Role { get; init; } = "";

    /// <summary>The words of Patroni's member state; <c>unknown</c>: it runs and does not answer queries.</summary>
    public string State { get; init; } = "";
    public int? Timeline { get; init; }

    /// <summary>xlog.location; null unless it is a primary that answers.</summary>
    public Lsn? Location { get; init; }

    /// <summary>xlog.received_location; null unless it is a replica that answers.</summary>
    public Lsn? Received { get; init; }
    public Lsn? Replayed { get; init; }

    /// <summary>xlog.location of a primary, else the larger of received and replayed.</summary>
    public Lsn Position { get; init; }

    /// <summary>How long before the answer the position was looked up; null from a Patroni member.</summary>
    public TimeSpan? PositionAge { get; init; }
    public string? SystemIdentifier { get; init; }
    public bool NoFailover { get; init; }
    public bool WatchdogFailed { get; init; }
    public Term Term { get; init; }
    public bool HasLease { get; init; }

    /// <summary>Null from a Patroni member, which does not tell.</summary>
    public DataState? Data { get; init; }

    /// <summary>It never again streams from a primary of this term or an older one; its position was looked up
    /// since.</summary>
    public Term Refused { get; init; }

    /// <summary>The term whose primary it has not heard for a while; none: it hears it, or can't tell.</summary>
    public Term Suspects { get; init; }

    /// <summary>The long work that is under way there; null: none, or a Patroni member.</summary>
    public string? Job { get; init; }

    /// <summary>Why it can't be promoted, in Patroni's words; null when it can.</summary>
    public string? FailoverLimitation =>
        Location is null && Received is null && Replayed is null ? "not reachable"
        : NoFailover ? "not allowed to promote"
        : WatchdogFailed ? "not watchdog capable"
        : null;
}
