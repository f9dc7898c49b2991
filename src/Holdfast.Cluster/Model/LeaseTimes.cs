namespace Holdfast.Cluster.Model;

/// <summary>All periods that follow from the lease's time to live, in one place (they must fit into one
/// another).</summary>
public sealed record LeaseTimes(TimeSpan Ttl)
{
    /// <summary>The shortest lease: one etcd election must fit inside it.</summary>
    public static readonly TimeSpan TtlMin = TimeSpan.FromSeconds(2);

    /// <summary>How long before the lease can end the owner stops writing: room for a kill to take effect.</summary>
    public TimeSpan Margin => Ttl <= TimeSpan.FromSeconds(4) ? TimeSpan.FromSeconds(0.5) : TimeSpan.FromSeconds(1);

    public TimeSpan RenewEvery => Ttl <= TtlMin ? TimeSpan.FromSeconds(0.4) : TimeSpan.FromSeconds(0.5);

    /// <summary>The limit of one renewal round (keep-alive and check).</summary>
    public static readonly TimeSpan RenewLimit = TimeSpan.FromSeconds(0.4);

    /// <summary>etcd's election timeout: a quarter of what the lease leaves, at most a second, so that an election fits
    /// in.</summary>
    public TimeSpan EtcdElection =>
        TimeSpan.FromMilliseconds(Math.Min(1000, Math.Max(100, (Ttl.TotalMilliseconds - 1000) / 4)));

    public TimeSpan EtcdHeartbeat => EtcdElection / 10;

    /// <summary>The deadline that a counted renewal gives, on the same clock as <paramref name="sentAt"/>.</summary>
    public TimeSpan Deadline(TimeSpan sentAt, TimeSpan granted) => sentAt + (granted < Ttl ? granted : Ttl) - Margin;
}
