using System.Collections.Immutable;

namespace Holdfast.Lab.Status;

/// <summary>The part of an agent's <c>GET /cluster</c> that the lab needs.</summary>
sealed record ClusterAnswer
{
    public ImmutableArray<ClusterMember> Members { get; init; } = [];

    public ClusterMember? Leader => Members.FirstOrDefault(member => member.IsLeader);

    /// <summary>Patroni 3.0 calls a streaming replica running too; one that follows is on the leader's timeline and
    /// hardly behind.</summary>
    public IEnumerable<string> MissingOfPatroni(int count)
    {
        if (Members.Length < count)
            yield return $"{count - Members.Length} members are missing";
        foreach (var member in Members)
        {
            if (member.State is not ("running" or "streaming"))
                yield return $"{member.Name} is {member.State}";
            else if (!member.IsLeader && (member.Timeline != Leader?.Timeline || !member.IsClose))
                yield return $"{member.Name} does not follow yet";
        }
        if (!Members.Any(member => member.IsSynchronous))
            yield return "no replica is synchronous";
    }
}

/// <param name="Timeline">Null: its PostgreSQL does not run.</param>
/// <param name="Lag">In bytes; a word while nobody knows; none for the leader.</param>
sealed record ClusterMember(
    string Name, string Role, string State, int? Timeline = null, System.Text.Json.JsonElement? Lag = null)
{
    const long CloseBytes = 1 << 20;

    public bool IsClose => Lag is { ValueKind: System.Text.Json.JsonValueKind.Number } lag
        && lag.GetInt64() <= CloseBytes;
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
