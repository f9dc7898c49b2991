using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Supervisor.Decisions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Etcd;

/// <summary>Once a second on a host with a managed member: looks whether etcd's leader shares it with the
/// primary.</summary>
internal sealed class LeaderPlacementLoop(
    ClusterFile file, NodeName self, IStore store, IEtcdMaintenance etcd, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    readonly string _local = EtcdUrls.ClientEndpoint(file, self);

    /// <summary>Patroni's key of the leader lock; its value is the holder's name.</summary>
    readonly string _leaderKey = $"/service/{file.Cluster}/leader";
    long? _misplacedSince;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                await TurnAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    internal async Task TurnAsync(CancellationToken stop)
    {
        try
        {
            var status = await etcd.StatusAsync(_local, stop);
            if (!await IsMisplacedAsync(status, stop))
                _misplacedSince = null;
            else if (clock.GetElapsedTime(_misplacedSince ??= clock.GetTimestamp()) >= LeaderPlacement.Settled)
                await MoveAsync(status, stop);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            log.LeadershipUnseen(failure.Message);
        }
    }

    async ValueTask<bool> IsMisplacedAsync(EtcdStatus status, CancellationToken stop)
    {
        if (status.Leader != status.Member || status.Leader == 0)
            return false; // Spares the store a read each second on all hosts but one.
        var primary = (await store.ReadAsync([_leaderKey], stop)).Find(_leaderKey)?.Value;
        return LeaderPlacement.IsMisplaced(status, primary, self);
    }

    async Task MoveAsync(EtcdStatus leader, CancellationToken stop)
    {
        foreach (var candidate in LeaderPlacement.Candidates(await etcd.MembersAsync(stop), leader.Member))
        {
            if (await StatusOfAsync(candidate, stop) is not { } status || !LeaderPlacement.CanTakeOver(status, leader))
                continue;
            var outcome = await etcd.MoveLeaderAsync(_local, candidate.Id, stop);
            log.LeadershipMoved(candidate.Name, outcome.ToString());
            if (outcome != WriteOutcome.Refused)
                return;
        }
    }

    async Task<EtcdStatus?> StatusOfAsync(EtcdMember member, CancellationToken stop)
    {
        try
        {
            return await etcd.StatusAsync(new Uri(member.ClientUrls[0]).Authority, stop);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }
}
