using System.Collections.Immutable;

namespace Holdfast.Lab.Status;

/// <summary>The part of an agent's <c>GET /cluster</c> that the lab needs.</summary>
sealed record ClusterAnswer
{
    public ImmutableArray<ClusterMember> Members { get; init; } = [];

    public ClusterMember? Leader => Members.FirstOrDefault(member => member.IsLeader);
}

sealed record ClusterMember(string Name, string Role, string State)
{
    public bool IsLeader => Role is "leader" or "standby_leader" or "master" or "primary";
    public bool IsStreaming => State is "streaming";
    public bool IsSynchronous => Role is "quorum_standby" or "sync_standby";
}

/// <summary>The part of etcd's <c>/v3/cluster/member/list</c> that the lab needs.</summary>
sealed record EtcdMembersAnswer
{
    public ImmutableArray<EtcdMemberAnswer> Members { get; init; } = [];
}

/// <param name="Name">Absent until the member has started for the first time.</param>
sealed record EtcdMemberAnswer(string? Name);
