using System.Globalization;

namespace Holdfast.Sim.Faults;

internal enum FaultKind
{
    HostCrash,
    PostmasterCrash,
    PostgresFreeze,
    AgentKill,
    AgentFreeze,
    LoopFreeze,
    LeaseFreeze,
    SupervisorKill,
    SupervisorFreeze,
    Partition,
    PartitionIn,
    PartitionOut,
    CutFromEtcd,
    CutFromReplicas,
    EtcdCrash,
    EtcdPause,
    EtcdDiskFreeze,
    Loss,
    Delay,
    SlowPostgres,
    StartFails,
    DeleteLeader,
    Switchover,
    WallJump,
    RestoreStore,
    DeleteMember,
}

/// <summary>One fault: from when, for how long, and where. A host of 0: the primary's (for etcd: the leader's) at that
/// moment; below: the first, second ... of the others then; else by number, from 1.</summary>
internal sealed record Fault(FaultKind Kind, TimeSpan At, TimeSpan For, int Host)
{
    public string Text => string.Create(CultureInfo.InvariantCulture,
        $"at {At.TotalSeconds:0.0000000} {Kind} {Where} for {For.TotalSeconds:0.0000000}");

    string Where => Host switch
    {
        0 => "primary",
        < 0 => string.Create(CultureInfo.InvariantCulture, $"s{-Host}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"n{Host}"),
    };
}
