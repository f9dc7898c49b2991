using System.Collections.Immutable;
using Holdfast.Agent;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Agent.Observe;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Etcd;
using Holdfast.Sim.Servers;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Sim.Nodes;

/// <summary>One life of an agent: the real core, on simulated ground.</summary>
internal sealed class AgentProcess
{
    readonly Host _host;
    readonly SimPostgres _postgres;
    readonly AgentCore _core;

    /// <summary>How far this agent has seen the store.</summary>
    public long SeenRevision => _core.Watcher.Current?.View.Revision ?? 0;
    readonly LeaseDriver _driver;
    readonly SimPulses _pulses;

    public AgentProcess(Host host)
    {
        _host = host;
        var world = host.World;
        Loop = world.NewStrand($"loop of {host.Name}", host.Boot);
        Lease = world.NewStrand($"lease of {host.Name}", host.Boot);
        Side = world.NewStrand($"side of {host.Name}", host.Boot);
        var settings = SettingsOf(host);
        _postgres = new SimPostgres(host.Postgres, Loop, Side);
        ILogger log = new SimLog(world, host.Name);
        Machine = new LeaseMachine(settings.BootstrapDcs.Lease, WritesWithoutRight, log);
        var members = ImmutableArray.CreateRange(
            Enumerable.Range(0, WorldSettings.EtcdMembers).OrderBy(member => member == host.Index ? 0 : 1));
        var keys = new PatroniKeys(settings.Namespace, settings.Scope);
        var heartbeat = new SimHeartbeat(
            new EtcdLine(world, Lease, host.Index, members), keys.Leader, host.Name.Value);
        _driver = new LeaseDriver(host, Lease, Machine, heartbeat, _postgres);
        _pulses = new SimPulses(host, Side, Machine);
        if (world.Has(Mutation.RefusalForgotten))
            host.Notes.Remove("promises.json");
        var promises = new Promises(host.Notes, host.BootId, Loop.Clock);
        _core = new AgentCore(
            settings, new SimStore(new EtcdLine(world, Loop, host.Index, members)), _postgres,
            new SimPeers(host, Loop), _pulses, Machine, host.Notes, promises, Loop.Clock, log);
        Failsafe = new FailsafeDoor(() => Published, () => _core.StoreAge, promises);
        Machine.Inherit(world.Mutation.Inherited(host), host.BootId, Loop.Now);
        Loop.After(TimeSpan.Zero, () => Ended(_core.RunAsync(CancellationToken.None)));
        Lease.After(TimeSpan.Zero, () => Ended(_driver.RunAsync()));
    }

    public Strand Loop { get; }
    public Strand Lease { get; }

    /// <summary>The pool's: REST, and the end of the postmaster.</summary>
    public Strand Side { get; }
    public LeaseMachine Machine { get; }

    /// <summary>As <c>HaAgent</c> shows it: whether the lease is in force is not as old as the last turn.</summary>
    public AgentView Published => _core.Loop.Published with { HasLease = Machine.MayWrite(Side.Now) };
    public FailsafeDoor Failsafe { get; }
    public bool IsAlive => !Loop.IsDead;

    public byte[] Status() => SimPeers.Write(Published, Side.Now);

    public void Hear(Term term, TimeSpan after) => Side.After(after, () => _pulses.Heard(term));

    bool WritesWithoutRight() =>
        _host.Postgres.Server is not null && !_host.Postgres.Data.HasStandbySignal;

    /// <summary>Neither ever ends by itself.</summary>
    void Ended(Task task)
    {
        if (task.IsCompleted)
            _host.World.Ledger.Broke("agent", $"{_host.Name}: a thread ended: {task.Exception}");
        else
            task.GetAwaiter().OnCompleted(() =>
                _host.World.Ledger.Broke("agent", $"{_host.Name}: a thread ended: {task.Exception}"));
    }

    public void Kill()
    {
        Loop.Kill();
        Lease.Kill();
        Side.Kill();
        _postgres.Detach();
    }

    public void Freeze()
    {
        Loop.Freeze();
        Lease.Freeze();
        Side.Freeze();
    }

    public void Thaw()
    {
        Loop.Thaw();
        Lease.Thaw();
        Side.Thaw();
    }

    static AgentSettings SettingsOf(Host host)
    {
        var world = host.World;
        var secret = new Credentials("postgres", Password: null);
        return new AgentSettings
        {
            Scope = "sim",
            Name = host.Name,
            RestListen = new HostPort("0.0.0.0", 8008),
            RestConnect = new HostPort(host.Address, 8008),
            Etcd = [],
            BootstrapDcs = DynamicSettingsJson.Read(world.Settings.ConfigJson)!,
            Hosts = world.Hosts.ToImmutableSortedDictionary(
                other => other.Name, other => new HostPort(other.Address, 8008)),
            FenceSocket = "/run/holdfast/fence.sock",
            StateDirectory = "/var/lib/holdfast/agent",
            Postgres = new InstanceSettings
            {
                Name = host.Name,
                Scope = "sim",
                DataDirectory = SupervisorProcess.DataDirectory,
                BinDirectory = "",
                ListenAddresses = "*",
                Port = 5432,
                ConnectHost = host.Address,
                SocketDirectory = "",
                LogFile = "",
                Superuser = secret,
                Replication = secret,
                Rewind = secret,
            },
        };
    }
}

/// <summary>The agent's log in the trace; and whatever it calls an error is one.</summary>
internal sealed class SimLog(SimWorld world, NodeName name) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => NullLogger.Instance.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => world.Trace is not null || logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
            world.Ledger.Broke("agent", $"{name}: {formatter(state, exception)}: {exception}");
        world.Say($"{name}: {formatter(state, exception)}");
    }
}
