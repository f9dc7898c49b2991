using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.World;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Sim.Faults;

/// <summary>Carries faults out, and ends them.</summary>
internal sealed class Injector(SimWorld world)
{
    static readonly Traffic[] s_all = Enum.GetValues<Traffic>();

    /// <summary>An operator looks at it this much later.</summary>
    static readonly TimeSpan s_operator = TimeSpan.FromSeconds(4);
    const long TermsPerRestore = 1000;

    Etcd.EtcdData? _copy;

    public void Plan(IEnumerable<Fault> faults)
    {
        foreach (var fault in faults)
        {
            if (fault.Kind == FaultKind.RestoreStore)
                world.Nature.After(fault.At - fault.For, () => _copy = world.Etcd.Data.Copy());
            world.Nature.After(fault.At, () => Begin(fault));
        }
    }

    void Begin(Fault fault)
    {
        var host = world.Hosts[HostOf(fault)];
        world.Say($"fault: {fault.Kind} on {host.Name} for {fault.For.TotalSeconds:0.000} s");
        if (OnHost(fault.Kind, host) is not { } end)
            return;
        world.Nature.After(fault.For, () =>
        {
            world.Say($"end of {fault.Kind} on {host.Name}");
            end();
        });
    }

    int HostOf(Fault fault)
    {
        if (fault.Host > 0)
            return (fault.Host - 1) % world.Hosts.Length;
        if (fault.Host < 0)
            return Standby(-fault.Host - 1);
        if (fault.Kind is FaultKind.EtcdCrash or FaultKind.EtcdPause or FaultKind.EtcdDiskFreeze)
            return Math.Max(0, world.Etcd.Leader);
        var primary = Array.FindIndex(
            world.Hosts, host => host.Postgres.Server is { State: PostgresState.Primary });
        return Math.Max(0, primary);
    }

    int Standby(int place)
    {
        var others = world.Hosts.Where(host => host.Postgres.Server is not { State: PostgresState.Primary }).ToList();
        return others.Count == 0 ? 0 : others[place % others.Count].Index;
    }

    /// <summary>Begins it; answers with its end, null where there is none.</summary>
    Action? OnHost(FaultKind kind, Host host)
    {
        switch (kind)
        {
            case FaultKind.HostCrash:
                if (!host.IsUp)
                    return null;
                host.Crash();
                return host.Start;
            case FaultKind.PostmasterCrash:
                host.Postgres.CrashPostmaster();
                return null;
            case FaultKind.PostgresFreeze:
                host.Postgres.Freeze();
                return host.Postgres.Thaw;
            case FaultKind.SlowPostgres:
                host.Postgres.Slowness *= 8;
                return () => host.Postgres.Slowness /= 8;
            case FaultKind.StartFails:
                host.Postgres.StartFailures++;
                return () => host.Postgres.StartFailures--;
            case FaultKind.WallJump:
                host.Boot.WallSkew += TimeSpan.FromHours(-7);
                return null;
            case FaultKind.AgentKill or FaultKind.AgentFreeze or FaultKind.LoopFreeze or FaultKind.LeaseFreeze
                or FaultKind.SupervisorKill or FaultKind.SupervisorFreeze:
                return OnProcess(kind, host);
            case FaultKind.DeleteLeader or FaultKind.DeleteMember or FaultKind.Switchover or FaultKind.RestoreStore:
                return ByHand(kind, host);
            case FaultKind.Loss:
                world.Net.Loss += 0.15;
                return () => world.Net.Loss -= 0.15;
            case FaultKind.Delay:
                world.Net.Delay += TimeSpan.FromMilliseconds(90);
                return () => world.Net.Delay -= TimeSpan.FromMilliseconds(90);
            default:
                return kind is FaultKind.EtcdCrash or FaultKind.EtcdPause or FaultKind.EtcdDiskFreeze
                    ? OnEtcd(kind, host)
                    : OnNetwork(kind, host);
        }
    }

    static Action? OnProcess(FaultKind kind, Host host)
    {
        if (host.Supervisor is not { } supervisor)
            return null;
        switch (kind, supervisor.Agent)
        {
            case (FaultKind.SupervisorKill, _):
                host.SupervisorEnded();
                return null;
            case (FaultKind.SupervisorFreeze, _):
                supervisor.Strand.Freeze();
                return supervisor.Strand.Thaw;
            case (FaultKind.AgentKill, { } agent):
                agent.Kill();
                return null;
            case (FaultKind.AgentFreeze, { } agent):
                agent.Freeze();
                return agent.Thaw;
            case (FaultKind.LoopFreeze, { } agent):
                agent.Loop.Freeze();
                return agent.Loop.Thaw;
            case (FaultKind.LeaseFreeze, { } agent):
                agent.Lease.Freeze();
                return agent.Lease.Thaw;
            default:
                return null;
        }
    }

    Action? OnEtcd(FaultKind kind, Host host)
    {
        var member = world.Etcd.Members[host.Index % WorldSettings.EtcdMembers];
        switch (kind)
        {
            case FaultKind.EtcdCrash when !member.IsKilled:
                member.IsKilled = true;
                world.Etcd.MemberVanished(member.Index);
                return () => member.IsKilled = false;
            case FaultKind.EtcdPause:
                member.Pauses++;
                return () => member.Pauses--;
            case FaultKind.EtcdDiskFreeze:
                member.DiskFreezes++;
                return () => member.DiskFreezes--;
            default:
                return null;
        }
    }

    Action? ByHand(FaultKind kind, Host host)
    {
        var keys = new PatroniKeys("service", "sim");
        switch (kind)
        {
            case FaultKind.DeleteLeader:
                world.Etcd.TryByHand(new Operation.Delete(keys.Leader));
                break;
            case FaultKind.DeleteMember:
                world.Etcd.TryByHand(new Operation.Delete(keys.Member(host.Name.Value)));
                break;
            case FaultKind.Switchover when world.Etcd.Data.Find(keys.Leader) is { } leader:
                world.Etcd.TryByHand(new Operation.Put(
                    keys.Failover, ClusterValues.Failover(new NodeName(leader.Value), null, null)));
                break;
            // Whoever saw nothing of what is lost can't notice it, and no rule of its own will help.
            case FaultKind.RestoreStore when _copy is { } copy && world.Hosts.All(host => HasSeen(host, copy)):
                var lost = world.Etcd.Data.Revision - copy.Revision;
                world.Etcd.Restore(copy.Copy());
                world.Nature.After(s_operator, () => RaiseBase(lost + TermsPerRestore));
                if (world.Has(Mutation.RestoredStoreBelieved))
                    ForgetTerms();
                break;
            default:
                break;
        }
        return null;
    }

    static bool HasSeen(Host host, Etcd.EtcdData copy) =>
        host is { IsUp: true, Supervisor.Agent.SeenRevision: var seen } && seen > copy.Revision;

    /// <summary>What an operator does after a restoration: every term of before becomes an old one.</summary>
    void RaiseBase(long by)
    {
        var key = new HoldfastKeys("sim").TermBase;
        var raised = long.Parse(world.Etcd.Data.Find(key)?.Value ?? "0", CultureInfo.InvariantCulture) + by;
        if (!world.Etcd.TryByHand(new Operation.Put(key, raised.ToString(CultureInfo.InvariantCulture))))
            world.Nature.After(s_operator, () => RaiseBase(by));
    }

    void ForgetTerms()
    {
        foreach (var host in world.Hosts)
        {
            host.Notes.Clear();
            host.Supervisor?.Agent?.Kill();
        }
    }

    Action OnNetwork(FaultKind kind, Host host)
    {
        var kinds = kind switch
        {
            FaultKind.CutFromEtcd => [Traffic.Etcd],
            FaultKind.CutFromReplicas => [Traffic.Replication, Traffic.Rest],
            _ => s_all,
        };
        var (isOut, isIn) = (kind != FaultKind.PartitionIn, kind != FaultKind.PartitionOut);
        Cut(isCut: true);
        return () => Cut(isCut: false);

        void Cut(bool isCut)
        {
            foreach (var other in world.Hosts.Where(other => other != host))
            {
                foreach (var traffic in kinds)
                {
                    if (isOut)
                        world.Net.Cut(host.Index, other.Index, traffic, isCut);
                    if (isIn)
                        world.Net.Cut(other.Index, host.Index, traffic, isCut);
                }
            }
        }
    }
}
