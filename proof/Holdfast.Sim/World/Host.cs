using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Nodes;
using Holdfast.Sim.Servers;
using Holdfast.Sim.Time;

namespace Holdfast.Sim.World;

/// <summary>One machine: a clock of its own, what survives a crash, and what runs on it.</summary>
internal sealed class Host
{
    readonly SimWorld _world;
    int _boots;

    public Host(SimWorld world, int index)
    {
        (_world, Index) = (world, index);
        Name = new NodeName(string.Create(CultureInfo.InvariantCulture, $"n{index + 1}"));
        Address = string.Create(CultureInfo.InvariantCulture, $"10.0.0.{index + 1}");
        Boot = new BootTime { At = -TimeSpan.FromSeconds(1000 * (index + 1)) };
        Postgres = new PgNode(this);
        Clients = new HostClient(world, this);
    }

    public SimWorld World => _world;
    public int Index { get; }
    public NodeName Name { get; }
    public string Address { get; }
    public BootTime Boot { get; private set; }
    public string BootId => string.Create(CultureInfo.InvariantCulture, $"{Name}-{_boots}");
    public bool IsUp { get; private set; }
    public SimNotes Notes { get; } = new();
    public PgNode Postgres { get; }
    public SupervisorProcess? Supervisor { get; private set; }
    public HostClient Clients { get; }

    public void Start()
    {
        IsUp = true;
        if (_boots++ > 0)
            Boot = new BootTime { At = _world.Now - TimeSpan.FromSeconds(5), WallSkew = Boot.WallSkew };
        Supervisor = new SupervisorProcess(this, former: null);
    }

    /// <summary>The power goes: only the disks stay.</summary>
    public void Crash()
    {
        IsUp = false;
        Supervisor?.Kill();
        Supervisor?.Agent?.Kill();
        Supervisor = null;
        Postgres.Vanish();
        _world.Etcd.MemberVanished(Index);
    }

    /// <summary>systemd starts it again, and runs the last fence in between.</summary>
    public void SupervisorEnded()
    {
        if (Supervisor is not { } former)
            return;
        former.Kill();
        former.RunLastFence();
        var boot = BootId;
        _world.Nature.After(_world.Rng.Between(100, 800), () =>
        {
            if (IsUp && BootId == boot && ReferenceEquals(Supervisor, former))
                Supervisor = new SupervisorProcess(this, former);
        });
    }
}
