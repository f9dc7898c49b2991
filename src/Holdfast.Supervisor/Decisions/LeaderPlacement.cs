using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Store;

namespace Holdfast.Supervisor.Decisions;

/// <summary>
/// Keeps etcd's leadership off the host of the PostgreSQL primary: a new etcd leader renews every lease in full, so
/// losing both at once costs an election and a whole ttl more.
/// </summary>
public static class LeaderPlacement
{
    /// <summary>It is moved only when the two have shared a host for so long: an election in the middle of a failover
    /// delays what agents and proxies tell each other, and makes the new primary's lease count anew.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>True when the member on this host should hand leadership over, if somebody can take it.</summary>
    public static bool IsMisplaced(EtcdStatus local, string? primary, NodeName self) =>
        local.Leader != 0 && local.Leader == local.Member
        && string.Equals(primary, self.Value, StringComparison.Ordinal);

    /// <summary>Who may take it, in the list's order: started members other than the local one.</summary>
    public static ImmutableArray<EtcdMember> Candidates(ImmutableArray<EtcdMember> members, ulong local) =>
        [.. members.Where(member => member.Id != local && !member.ClientUrls.IsDefaultOrEmpty)];

    /// <summary>A candidate that answers as a follower of the very leader that is to hand over.</summary>
    public static bool CanTakeOver(EtcdStatus candidate, EtcdStatus leader) =>
        candidate.Member != leader.Member && candidate.Leader == leader.Member && candidate.RaftTerm == leader.RaftTerm;
}
