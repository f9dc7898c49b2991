using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>Which standbys count for synchronous commit: all that may in quorum mode, the best of them in plain
/// mode.</summary>
static class SyncStandbys
{
    /// <returns>In the order of names.</returns>
    public static ImmutableArray<NodeName> Of(
        ClusterView view, PostgresView primary, SyncNames? names, DynamicSettings settings)
    {
        var able = Able(view, primary.WalSenders);
        var chosen = able.Where(sender => !Lags(sender, able, primary, settings));
        if (settings.SynchronousMode == SynchronousMode.On)
        {
            // Who counts now stays, unless somebody has a higher priority: a set that follows positions would flap.
            chosen = chosen
                .OrderByDescending(sender => view.Member(sender.Name)!.SyncPriority)
                .ThenByDescending(sender => Counts(view, names, sender.Name))
                .ThenBy(sender => view.Member(sender.Name)!.NoFailover)
                .ThenByDescending(sender => Position(sender, settings))
                .ThenBy(sender => sender.Name)
                .Take(Math.Max(1, settings.SynchronousNodeCount));
        }
        return [.. chosen.Select(sender => sender.Name).Order()];
    }

    /// <summary>Two walsenders of one name would both count in <c>ANY k</c>; so a name counts only if it is one, is
    /// streaming, uses its member's slot and comes from its member's address.</summary>
    static ImmutableArray<WalSenderView> Able(ClusterView view, ImmutableArray<WalSenderView> senders) =>
    [
        .. senders.GroupBy(sender => sender.Name)
            .Where(group => group.Count() == 1)
            .Select(group => group.First())
            .Where(sender => sender.State == "streaming"
                && sender.Slot == sender.Name.SlotName
                && view.Member(sender.Name) is { NoSync: false } member
                && (sender.ClientAddress is null || member.Address?.Host == sender.ClientAddress)),
    ];

    // One alone is compared with the primary itself, as in Patroni.
    static bool Lags(
        WalSenderView sender, ImmutableArray<WalSenderView> able, PostgresView primary, DynamicSettings settings)
    {
        if (settings.MaximumLagOnSyncNode is not { } limit)
            return false;
        var most = able.Length > 1 ? able.Max(other => Position(other, settings)) : primary.Position;
        var own = Position(sender, settings);
        return most > own && most.Value - own.Value > limit;
    }

    static bool Counts(ClusterView view, SyncNames? names, NodeName name) =>
        (view.Sync is { } key && key.Standbys.Contains(name)) || (names is not null && names.Standbys.Contains(name));

    /// <summary>What a commit waits for there.</summary>
    static Lsn Position(WalSenderView sender, DynamicSettings settings) =>
        settings.Parameters.GetValueOrDefault("synchronous_commit") switch
        {
            "remote_apply" => sender.Replayed,
            "remote_write" => sender.Written,
            _ => sender.Flushed,
        };
}
