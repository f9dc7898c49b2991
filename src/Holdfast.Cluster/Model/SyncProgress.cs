using System.Collections.Immutable;

namespace Holdfast.Cluster.Model;

/// <summary>
/// What a primary knows of its own changes to the synchronous set that takes effect late. A changed
/// synchronous_standby_names shows at once, while the processes that obey it read it a moment later: backends wait for
/// standbys when the checkpointer says so, and a walsender counts by the names that it read last.
/// </summary>
public sealed record SyncProgress
{
    /// <summary>No position reaches it: nobody has caught up yet.</summary>
    public static readonly Lsn Never = new(ulong.MaxValue);

    /// <summary>The names last seen in force; null: no primary was seen yet, or it is no longer one.</summary>
    public string? Names { get; init; }

    /// <summary>What was written when backends surely waited for these names.</summary>
    public Lsn Since { get; init; } = Never;

    /// <summary>Pids of the walsenders that may go by former names.</summary>
    public ImmutableArray<int> WalSendersThen { get; init; } = [];

    /// <summary>mod_revision of our last write of the key <c>sync</c>: an older view of it is out of date.</summary>
    public long KeyRevision { get; init; }

    /// <summary>A write of the key may still arrive: its outcome, or whether there was one, is not known.</summary>
    public bool KeyUnsure { get; init; } = true;

    public SyncProgress Seen(PostgresView look)
    {
        if (look.State != PostgresState.Primary)
            return Names is null ? this : this with { Names = null, Since = Never, WalSendersThen = [] };
        if (Names != look.SynchronousStandbyNames)
        {
            // Who read "nobody", or something still older, is no danger anew: it releases no commit.
            var pids = look.WalSenders.Select(sender => sender.Pid);
            return this with
            {
                Names = look.SynchronousStandbyNames,
                Since = Never,
                WalSendersThen = [.. Names is "" ? pids.Intersect(WalSendersThen) : pids],
            };
        }
        return Since == Never && look.CheckpointerListens ? this with { Since = look.Written ?? Never } : this;
    }
}
