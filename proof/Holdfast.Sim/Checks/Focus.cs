using Holdfast.Cluster.Model;
using Holdfast.Sim.Faults;

namespace Holdfast.Sim.Checks;

/// <summary>Where to look for a broken rule: the faults that it guards against, and the mode in which it
/// shows.</summary>
/// <param name="Kinds">Drawn besides the usual ones.</param>
/// <param name="Mode">Null: any.</param>
/// <param name="Story">Told instead of faults that are drawn.</param>
internal sealed record Focus(FaultKind[] Kinds, SynchronousMode? Mode = null, Story? Story = null)
{
    static readonly FaultKind[] s_etcd = [FaultKind.EtcdDiskFreeze, FaultKind.EtcdDiskFreeze, FaultKind.EtcdPause];
    static readonly FaultKind[] s_cuts = [FaultKind.Partition, FaultKind.CutFromEtcd, FaultKind.HostCrash];
    static readonly FaultKind[] s_standbys = [FaultKind.CutFromReplicas, FaultKind.HostCrash, FaultKind.Partition];

    public static Focus Of(Mutation mutation) => mutation switch
    {
        Mutation.KeepAliveAlone => new(s_etcd, SynchronousMode.Off),
        Mutation.RaftTermIgnored => Told(Stories.StaleLeaderRevokes, SynchronousMode.Off),
        Mutation.DeadlineFromAnswer => Told(Stories.AnswerReadLate, SynchronousMode.Off),
        Mutation.NoMargin => new(s_cuts, SynchronousMode.Off),
        Mutation.AgentNeverFences =>
            new([FaultKind.SupervisorFreeze, FaultKind.SupervisorFreeze, .. s_cuts], SynchronousMode.Off),
        Mutation.SupervisorNeverFences =>
            new([FaultKind.AgentFreeze, FaultKind.LeaseFreeze], SynchronousMode.Off),
        Mutation.TicketForgotten => new([FaultKind.SupervisorKill, FaultKind.AgentFreeze], SynchronousMode.Off),
        Mutation.DeadlineMadeUp => Told(Stories.NewAgentAlone, SynchronousMode.Off),
        Mutation.FencePostmasterOnly => new([FaultKind.CutFromEtcd, FaultKind.AgentFreeze], SynchronousMode.Off),
        Mutation.LockNotCompared => Told(Stories.CandidateStandsStill, SynchronousMode.Off),
        Mutation.LastSecondIsGone => Told(Stories.DeletedInItsLastSecond, SynchronousMode.Off),
        Mutation.WalSenderKept => Told(Stories.RemovedVoterAcknowledges, SynchronousMode.Quorum),
        Mutation.RefusalForgotten => Told(Stories.RefuserBeginsAnew, SynchronousMode.Quorum),
        Mutation.FailsafeUnasked => new([FaultKind.CutFromEtcd, FaultKind.Partition]),
        Mutation.HandOverNotTold => new([FaultKind.Switchover, FaultKind.Switchover]),
        Mutation.RestoredStoreBelieved => new([FaultKind.RestoreStore], SynchronousMode.Quorum),
        Mutation.HistoryBelieved or Mutation.BeginNotCompared =>
            new([FaultKind.HostCrash, FaultKind.Partition, FaultKind.PostmasterCrash]),
        _ => new(s_standbys, SynchronousMode.Quorum),
    };

    static Focus Told(Story story, SynchronousMode mode) => new([], mode, story);
}
