using System.Collections.Immutable;

namespace Holdfast.Store;

/// <summary>What the supervisor needs to look after etcd (etcd API reference, Maintenance and Cluster services).
/// Safe from any thread; every call has a limit of 2 s; reads throw <see cref="StoreUnavailableException"/>.</summary>
public interface IEtcdMaintenance
{
    /// <summary>Of the one member at <paramref name="endpoint"/> (host:port).</summary>
    ValueTask<EtcdStatus> StatusAsync(string endpoint, CancellationToken stop);

    /// <summary>Asks each member once at most.</summary>
    ValueTask<ImmutableArray<EtcdMember>> MembersAsync(CancellationToken stop);

    /// <summary>Asks the leader at <paramref name="leaderEndpoint"/> to hand leadership to
    /// <paramref name="target"/>.</summary>
    ValueTask<WriteOutcome> MoveLeaderAsync(string leaderEndpoint, ulong target, CancellationToken stop);
    ValueTask<WriteOutcome> AddMemberAsync(string peerUrl, CancellationToken stop);
    ValueTask<WriteOutcome> RemoveMemberAsync(ulong member, CancellationToken stop);
    ValueTask<WriteOutcome> DefragmentAsync(string endpoint, CancellationToken stop);
}

/// <param name="Leader">0 while there is none.</param>
public sealed record EtcdStatus(ulong Member, ulong Leader, long RaftTerm, long DatabaseBytes, string Version);

/// <param name="Name">Empty until the member has started for the first time.</param>
public sealed record EtcdMember(
    ulong Id, string Name, ImmutableArray<string> PeerUrls, ImmutableArray<string> ClientUrls);
