using Holdfast.Sim.Time;

namespace Holdfast.Sim.Faults;

/// <summary>One story for each rule that only a chain of faults puts to the test. Times are in seconds.</summary>
internal static class Stories
{
    const int Primary = 0, FirstStandby = -1, SecondStandby = -2, HostsMax = 3;

    static Fault At(double at, FaultKind kind, int host, double lasts) =>
        new(kind, TimeSpan.FromSeconds(at), TimeSpan.FromSeconds(lasts), host);

    static double Between(Rng rng, double from, double to) => rng.Between(from * 1000, to * 1000).TotalSeconds;

    /// <summary>etcd's leader stands still until it takes the lease for expired. Its successor renewed that lease;
    /// thawed, it ends it all the same, and the owner, just cut off, hears nothing of that.</summary>
    public static readonly Story StaleLeaderRevokes = new(5, static rng =>
    {
        var thaw = Between(rng, 6.2, 7.2);
        return
        [
            At(0, FaultKind.EtcdDiskFreeze, Primary, thaw),
            At(thaw - Between(rng, 0.05, 2), FaultKind.Partition, Primary, 6),
        ];
    });

    /// <summary>The owner stands still while an answer is under way to it, and is cut off once it has read it.
    /// </summary>
    public static readonly Story AnswerReadLate = new(5, static rng =>
    {
        var (freeze, frozen) = (Between(rng, 1, 1.5), Between(rng, 2.4, 3.1));
        return
        [
            At(0, FaultKind.Delay, Primary, freeze + frozen),
            At(freeze, FaultKind.LeaseFreeze, Primary, frozen),
            At(freeze + frozen + Between(rng, 0.05, 0.35), FaultKind.Partition, Primary, 6),
        ];
    });

    /// <summary>The owner is cut off, and its agent begins anew; the supervisor, which knows the deadline too, stands
    /// still once it has started that agent.</summary>
    public static readonly Story NewAgentAlone = new(5, static rng =>
    {
        var kill = Between(rng, 1.6, 2.4);
        return
        [
            At(0, FaultKind.Partition, Primary, 9),
            At(kill, FaultKind.AgentKill, Primary, 0.1),
            At(kill + 0.65, FaultKind.SupervisorFreeze, Primary, 6),
        ];
    });

    /// <summary>One voter's agent is away and its key deleted, so that it leaves the names, which its walsender reads
    /// late; then the one that stays falls behind, and the primary's host is lost.</summary>
    public static readonly Story RemovedVoterAcknowledges = new(3, static rng =>
    {
        var behind = 0.5 + Between(rng, 0.05, 0.25);
        return
        [
            At(0, FaultKind.SlowPostgres, Primary, behind + 0.4),
            At(0.1, FaultKind.SlowPostgres, Primary, behind + 0.3),
            At(0.2, FaultKind.AgentFreeze, SecondStandby, 9),
            At(0.5, FaultKind.DeleteMember, SecondStandby, 0.1),
            At(behind, FaultKind.PostgresFreeze, FirstStandby, 0.8),
            At(behind + 0.4, FaultKind.HostCrash, Primary, 5),
        ];
    });

    /// <summary>Two standbys refuse a primary that they do not hear. The one that is ahead stands still before it takes
    /// the lock, the other one's agent begins anew, and the primary is heard again.</summary>
    public static readonly Story RefuserBeginsAnew = new(5, static rng =>
    {
        var freeze = Between(rng, 1.05, 1.5);
        var frozen = Between(rng, 2.5, 3);
        return
        [
            At(0, FaultKind.Delay, Primary, freeze + 0.5),
            At(0.1, FaultKind.PostgresFreeze, SecondStandby, 0.4),
            At(0.4, FaultKind.CutFromReplicas, Primary, freeze + 0.3),
            At(0.4, FaultKind.LoopFreeze, Primary, freeze + frozen + 0.5),
            At(0.4 + freeze, FaultKind.AgentFreeze, FirstStandby, frozen),
            At(0.5 + freeze, FaultKind.AgentKill, SecondStandby, 0.1),
        ];
    }) { EarlyTakeover = true };

    /// <summary>A candidate stands still after it has seen that the lock is free, and goes on when another one leads,
    /// whose agent stands still then.</summary>
    public static readonly Story CandidateStandsStill = new(5, static rng =>
    {
        var (freeze, frozen) = (Between(rng, 4.7, 5.7), Between(rng, 1.4, 1.8));
        return
        [
            At(0, FaultKind.Delay, Primary, freeze + 0.5),
            At(0.1, FaultKind.AgentFreeze, Primary, 10),
            At(freeze, FaultKind.LoopFreeze, 1 + rng.Below(HostsMax), frozen),
            At(freeze + frozen - 0.1, FaultKind.AgentFreeze, Primary, 5),
        ];
    });

    /// <summary>The owner is cut off, and the key is deleted by hand in the last second of its lease. Its agent is just
    /// beginning anew: nobody says to the candidates that a primary is there, and none of them waits for an answer.
    /// </summary>
    public static readonly Story DeletedInItsLastSecond = new(3, static rng =>
    {
        var delete = Between(rng, 1.6, 2.1);
        return
        [
            At(0, FaultKind.CutFromEtcd, Primary, 5),
            At(delete - 0.02, FaultKind.AgentKill, Primary, 0.1),
            At(delete, FaultKind.DeleteLeader, Primary, 0.1),
        ];
    });
}
