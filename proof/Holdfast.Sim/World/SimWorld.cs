using System.Runtime.CompilerServices;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Etcd;
using Holdfast.Sim.Time;

namespace Holdfast.Sim.World;

/// <summary>One simulated cluster: hosts, network, etcd, servers, clients, and the ledger that judges them. One thread.
/// </summary>
internal sealed class SimWorld
{
    int _strands;
    int _pids = 100;

    public SimWorld(WorldSettings settings, Mutation mutation, Action<string>? trace)
    {
        (Settings, Mutation, Trace) = (settings, mutation, trace);
        Rng = new Rng(settings.Seed);
        Nature = NewStrand("nature", new BootTime());
        Ledger = new Ledger(this);
        Net = new Network(this, settings.Hosts);
        Etcd = new EtcdCluster(this);
        Hosts = [.. Enumerable.Range(0, settings.Hosts).Select(index => new Host(this, index))];
    }

    public WorldSettings Settings { get; }
    public Mutation Mutation { get; }
    public Action<string>? Trace { get; }
    public EventQueue Queue { get; } = new();
    public Rng Rng { get; }

    /// <summary>What is nobody's thread: the network, disks, etcd. Never frozen.</summary>
    public Strand Nature { get; }
    public Network Net { get; }
    public EtcdCluster Etcd { get; }
    public Host[] Hosts { get; }
    public Ledger Ledger { get; }
    public TimeSpan Now => Queue.Now;

    /// <summary>True once the faults are over.</summary>
    public bool IsPeace { get; set; }

    public Strand NewStrand(string name, BootTime boot) => new(Queue, _strands++, name, boot);

    public int NewPid() => ++_pids;

    public bool Has(Mutation mutation) => Mutation == mutation;

    public void Say([InterpolatedStringHandlerArgument("")] TraceText text)
    {
        if (Trace is { } trace)
            trace($"{Now.TotalSeconds,9:0.0000}  {text.ToString()}");
    }
}
