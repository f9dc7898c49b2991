using System.Collections.Immutable;

namespace Holdfast.Cluster.Model;

public enum SynchronousMode
{
    Off,
    On,
    Quorum,
}

/// <summary>
/// Patroni's dynamic configuration (key <c>config</c>), same names and meaning; periods are in whole seconds there.
/// Settings that are not built yet are kept in <see cref="Json"/> and written back untouched.
/// </summary>
public sealed record DynamicSettings
{
    /// <summary>How long the leader lock outlives its owner: shorter fails over sooner and forgives less. At least 2
    /// s.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause between two turns of the loop; events wake it sooner. 1 s at a ttl below 20
    /// s.</summary>
    public TimeSpan LoopWait { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A replica farther behind than this, in bytes, is no candidate (asynchronous mode).</summary>
    public ulong MaximumLagOnFailover { get; init; } = 1024 * 1024;

    public SynchronousMode SynchronousMode { get; init; } = SynchronousMode.Off;
    public bool SynchronousModeStrict { get; init; }

    /// <summary>How many standbys must acknowledge a commit, where there are that many.</summary>
    public int SynchronousNodeCount { get; init; } = 1;

    /// <summary>A standby farther behind the most advanced one than this, in bytes, is not synchronous; null: no
    /// limit.</summary>
    public ulong? MaximumLagOnSyncNode { get; init; }

    /// <summary>Nobody is promoted from an older timeline than the cluster's last one.</summary>
    public bool CheckTimeline { get; init; }

    /// <summary>An operator works on the cluster: nothing is started, stopped or promoted by itself. Fencing stays in
    /// force.</summary>
    public bool Pause { get; init; }

    /// <summary>How long a crashed primary may try to start in place before it gives the lock up. Zero: it does not
    /// try, where somebody else could take over.</summary>
    public TimeSpan PrimaryStartTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Without the store the primary goes on while every member confirms it.</summary>
    public bool FailsafeMode { get; init; }

    /// <summary>Takes over before the lease ends, when an election quorum of the synchronous standbys has refused the
    /// old term. Ours; needs <see cref="SynchronousMode.Quorum"/>.</summary>
    public bool EarlyTakeover { get; init; }

    public bool UsePgRewind { get; init; } = true;
    public bool UseSlots { get; init; } = true;

    /// <summary>PostgreSQL's parameters by name, as text.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Lines of pg_hba.conf; empty: the agent's own.</summary>
    public ImmutableArray<string> PgHba { get; init; } = [];

    /// <summary>The whole value as it stands in the store.</summary>
    public string Json { get; init; } = "{}";

    public LeaseTimes Lease => new(Ttl);
}
