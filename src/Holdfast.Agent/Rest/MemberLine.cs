using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Rest;

/// <summary>One member as <c>GET /cluster</c> and <c>holdfast list</c> show it.</summary>
/// <param name="Role">leader, sync_standby, quorum_standby or replica.</param>
/// <param name="State">Of a replica its replication state, where it has one.</param>
/// <param name="Receive">Null on the leader.</param>
/// <param name="Replay">Null on the leader.</param>
/// <param name="Position">The larger of the two; null on the leader.</param>
public sealed record MemberLine(
    MemberView Member, string Role, string State, Distance? Receive, Distance? Replay, Distance? Position)
{
    /// <summary>In the order of names.</summary>
    public static ImmutableArray<MemberLine> Of(ClusterView cluster) =>
    [
        .. cluster.Members
            .OrderBy(member => member.Name.Value, StringComparer.Ordinal)
            .Select(member => Of(cluster, member)),
    ];

    static MemberLine Of(ClusterView cluster, MemberView member)
    {
        if (cluster.Leader?.Holder == member.Name)
            return new(member, "leader", member.State, null, null, null);
        var role = AgentFacts.SyncWord(cluster, member.Name) ?? "replica";
        var state = string.IsNullOrEmpty(member.ReplicationState) ? member.State : member.ReplicationState;
        var leader = cluster.LeaderPosition;
        return new(member, role, state,
            Distance.Between(leader, member.Received),
            Distance.Between(leader, member.Replayed),
            Distance.Between(leader, member.Position));
    }
}

/// <summary>A position, and how far it is behind the leader's; both null while unknown.</summary>
public readonly record struct Distance(Lsn? At, ulong? Bytes)
{
    public static Distance Between(Lsn leader, Lsn? own) =>
        own is not { Value: > 0 } at ? default
        : new(at, leader > at ? leader.Value - at.Value : 0);
}
