using Holdfast.Cluster.Model;
using Holdfast.Sim.Faults;

namespace Holdfast.Sim.Checks;

/// <summary>Where to look for a broken rule: the faults that it guards against, and the mode in which it
/// shows.</summary>
/// <param name="Kinds">Drawn besides the usual ones.</param>
/// <param name="Mode">Null: any.</param>
internal sealed record Focus(FaultKind[] Kinds, SynchronousMode? Mode = null)
{
    static readonly FaultKind[] s_etcd = [FaultKind.EtcdDiskFreeze, FaultKind.EtcdDiskFreeze, FaultKind.EtcdPause];
    static readonly FaultKind[] s_cuts = [FaultKind.Partition, FaultKind.CutFromEtcd, FaultKind.HostCrash];
    static readonly FaultKind[] s_standbys = [FaultKind.CutFromReplicas, FaultKind.HostCrash, FaultKind.Partition];

    public static Focus Of(Mutation mutation) => mutation switch
    {
        Mutation.KeepAliveAlone or Mutation.RaftTermIgnored => new(s_etcd, SynchronousMode.Off),
        Mutation.DeadlineFromAnswer =>
            new([FaultKind.Delay, FaultKind.LeaseFreeze, FaultKind.LeaseFreeze, FaultKind.CutFromEtcd],
                SynchronousMode.Off),
        Mutation.NoMargin => new(s_cuts, SynchronousMode.Off),
        Mutation.AgentNeverFences =>
            new([FaultKind.SupervisorFreeze, FaultKind.SupervisorFreeze, .. s_cuts], SynchronousMode.Off),
        Mutation.SupervisorNeverFences =>
            new([FaultKind.AgentFreeze, FaultKind.LeaseFreeze], SynchronousMode.Off),
        Mutation.TicketForgotten => new([FaultKind.SupervisorKill, FaultKind.AgentFreeze], SynchronousMode.Off),
        Mutation.DeadlineMadeUp => new([FaultKind.AgentKill, .. s_cuts], SynchronousMode.Off),
        Mutation.FencePostmasterOnly => new([FaultKind.CutFromEtcd, FaultKind.AgentFreeze], SynchronousMode.Off),
        Mutation.LockNotCompared => new([FaultKind.HostCrash, FaultKind.Partition]),
        Mutation.LastSecondIsGone =>
            new([FaultKind.DeleteLeader, FaultKind.CutFromEtcd, FaultKind.Partition], SynchronousMode.Off),
        Mutation.FailsafeUnasked => new([FaultKind.CutFromEtcd, FaultKind.Partition]),
        Mutation.RestoredStoreBelieved => new([FaultKind.RestoreStore], SynchronousMode.Quorum),
        Mutation.HistoryBelieved or Mutation.BeginNotCompared =>
            new([FaultKind.HostCrash, FaultKind.Partition, FaultKind.PostmasterCrash]),
        _ => new(s_standbys, SynchronousMode.Quorum),
    };
}
