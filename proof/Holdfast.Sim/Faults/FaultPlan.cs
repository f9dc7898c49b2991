using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Faults;

/// <summary>A world and what happens to it: everything that a seed decides, or a scenario file says.</summary>
/// <param name="Settings">The world.</param>
/// <param name="Faults">In order of time.</param>
/// <param name="FaultsEnd">From then on there is peace.</param>
internal sealed record FaultPlan(WorldSettings Settings, IReadOnlyList<Fault> Faults, TimeSpan FaultsEnd)
{
    /// <summary>Common faults stand here more than once.</summary>
    static readonly FaultKind[] s_kinds =
    [
        FaultKind.HostCrash, FaultKind.HostCrash, FaultKind.HostCrash, FaultKind.PostmasterCrash,
        FaultKind.PostmasterCrash, FaultKind.PostgresFreeze, FaultKind.LoopFreeze, FaultKind.Partition,
        FaultKind.Partition, FaultKind.PartitionIn, FaultKind.PartitionOut, FaultKind.CutFromEtcd,
        FaultKind.CutFromReplicas, FaultKind.EtcdCrash, FaultKind.EtcdPause, FaultKind.EtcdDiskFreeze,
        FaultKind.EtcdDiskFreeze, FaultKind.Loss, FaultKind.Delay, FaultKind.SlowPostgres, FaultKind.StartFails,
        FaultKind.DeleteLeader, FaultKind.Switchover, FaultKind.Switchover, FaultKind.WallJump,
    ];

    static readonly FaultKind[] s_agentKinds =
        [FaultKind.AgentKill, FaultKind.AgentFreeze, FaultKind.AgentFreeze, FaultKind.LeaseFreeze];
    static readonly FaultKind[] s_supervisorKinds = [FaultKind.SupervisorKill, FaultKind.SupervisorFreeze];

    /// <param name="seed">Decides it all.</param>
    /// <param name="focus">Null: the usual faults alone.</param>
    public static FaultPlan Of(ulong seed, Focus? focus = null)
    {
        var rng = new Rng(seed ^ 0xFA17);
        if (focus?.Story is { } story)
            return story.Plan(seed, focus.Mode ?? SynchronousMode.Quorum, rng);
        var settings = new WorldSettings
        {
            Seed = seed,
            Hosts = rng.Pick([3, 3, 3, 4, 5]),
            TtlSeconds = rng.Pick([2, 3, 3, 5]),
            Mode = rng.Pick([SynchronousMode.Quorum, SynchronousMode.Quorum, SynchronousMode.On, SynchronousMode.Off]),
            Strict = rng.Chance(0.1),
            NodeCount = rng.Pick([1, 1, 1, 2]),
            Bootstraps = rng.Chance(0.05),
            Failsafe = rng.Chance(focus is null ? 0.25 : 0.5),
            EarlyTakeover = rng.Chance(0.4),
        };
        var begin = Begin(settings);
        var length = rng.Between(10_000, 30_000);
        // Agent and supervisor of one host stopped together are beyond any clock: one of them stays well.
        FaultKind[] kinds = focus is null
            ? [.. s_kinds, .. rng.Chance(0.3) ? s_supervisorKinds : s_agentKinds]
            : [.. s_kinds, .. focus.Kinds, .. focus.Kinds, .. focus.Kinds, .. focus.Kinds, .. focus.Kinds];
        var most = focus is null ? 8 : 12;
        settings = settings with { Mode = focus?.Mode ?? settings.Mode };
        var faults = Enumerable.Range(0, 2 + rng.Below(most))
            .Select(_ => One(rng, kinds, begin, length, settings.Hosts))
            .OrderBy(fault => fault.At).ToList();
        if (focus is null && rng.Chance(0.05))
        {
            faults.Add(One(rng, [FaultKind.RestoreStore], begin, length, settings.Hosts));
            faults.Sort((left, right) => left.At.CompareTo(right.At));
        }
        return new FaultPlan(settings, faults, begin + length);
    }

    /// <summary>Nobody knows who led before: the first election waits for two lives of a lease.</summary>
    public static TimeSpan Begin(WorldSettings settings) =>
        TimeSpan.FromSeconds(settings.Bootstraps ? 9 : 3 + 2 * settings.TtlSeconds);

    static Fault One(Rng rng, FaultKind[] kinds, TimeSpan begin, TimeSpan length, int hosts)
    {
        var kind = rng.Pick(kinds);
        var at = begin + rng.Between(0, length.TotalMilliseconds * 0.9);
        var time = rng.Mostly(100, 5000, 0.3, 9000);
        return new Fault(kind, at, time, rng.Chance(0.5) ? 0 : 1 + rng.Below(hosts));
    }
}
