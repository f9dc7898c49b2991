namespace Holdfast.Store;

/// <summary>
/// The lease owner's own line to the store: blocking, on the caller's thread, on a connection of its own, without the
/// thread pool, HttpClient or async. Not thread-safe: the heartbeat thread owns it. Never throws for a failure of the
/// store.
/// </summary>
public interface IHeartbeat : IDisposable
{
    /// <summary>
    /// One round through one member: keep-alive of <paramref name="lease"/>, and then a linearizable transaction that
    /// finds <paramref name="leaderKey"/> with <paramref name="modRevision"/> and on that lease. The whole round is
    /// bounded by <paramref name="limit"/>. Unknown makes the next round go to the next endpoint.
    /// </summary>
    RenewalAnswer Renew(string leaderKey, long modRevision, long lease, TimeSpan limit);

    /// <summary>Grants a new lease of <paramref name="ttl"/> and puts <paramref name="leaderKey"/> =
    /// <paramref name="value"/> on it, if the key still has <paramref name="modRevision"/> (0: if there is no key).
    /// Used when raft_term rose: a
    /// new etcd leader may count the old lease differently. When it is Unknown the key may already be on the new lease
    /// (<see cref="ReplaceAnswer.Lease"/>, if the grant was answered): look before asking again.</summary>
    ReplaceAnswer Replace(string leaderKey, string value, long modRevision, TimeSpan ttl, TimeSpan limit);
}

public enum RenewalOutcome
{
    /// <summary>The lease lives (TTL above 0), and the key is ours.</summary>
    Confirmed,

    /// <summary>The store said that it is not: no TTL, or the comparison failed. Fence now.</summary>
    Lost,

    /// <summary>No answer in time, or none that proves anything.</summary>
    Unknown,
}

/// <param name="SentAt">CLOCK_BOOTTIME when the keep-alive was sent: what the deadline counts from.</param>
/// <param name="Ttl">What the store granted.</param>
/// <param name="RaftTerm">Of both answers; when the two differ the outcome is Unknown.</param>
public readonly record struct RenewalAnswer(
    RenewalOutcome Outcome, TimeSpan SentAt, TimeSpan Ttl, long RaftTerm, string Why);

/// <param name="Outcome">Confirmed: the key is on the new lease.</param>
/// <param name="SentAt">CLOCK_BOOTTIME when the grant was sent.</param>
/// <param name="ModRevision">The key's new mod_revision.</param>
public readonly record struct ReplaceAnswer(
    RenewalOutcome Outcome, TimeSpan SentAt, TimeSpan Ttl, long Lease, long ModRevision, long RaftTerm, string Why);
