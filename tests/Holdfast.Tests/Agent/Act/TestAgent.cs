using System.Collections.Immutable;
using Holdfast.Agent;
using Holdfast.Agent.Act;
using Holdfast.Agent.Configuration;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Tests.Agent.Act;

/// <summary>What of an agent writes to the store, on a store in memory.</summary>
sealed class TestAgent
{
    public static readonly PatroniKeys Keys = new("service", "test");
    public static readonly HoldfastKeys Ours = new("test");

    public TestAgent(MemoryStore store, string name)
    {
        (Store, Settings) = (store, SettingsOf(new NodeName(name)));
        Lease = new LeaseMachine(new LeaseTimes(TimeSpan.FromSeconds(3)), () => false, NullLogger.Instance);
        Starts = new StartLog(
            Settings, Keys, Ours, store, _ => ValueTask.FromResult(Facts), Lease, State, () => StoreIsSilent,
            NullLogger.Instance);
        Locks = new Locks(
            Settings, Keys, Ours, store, Lease, State, () => TimeSpan.Zero, NullLogger.Instance);
    }

    public static CancellationToken Stop => Xunit.TestContext.Current.CancellationToken;
    public MemoryStore Store { get; }
    public AgentSettings Settings { get; }
    public AgentState State { get; } = new();
    public LeaseMachine Lease { get; }
    public StartLog Starts { get; }
    public Locks Locks { get; }
    public StartFacts? Facts { get; set; }
    public bool StoreIsSilent { get; set; }

    public async Task<ClusterView> LookAsync() =>
        ClusterReader.Read(await Store.ReadAsync([Keys.Prefix, Ours.Prefix], Stop), Keys, Ours);

    /// <summary>Takes the lock, from whoever has it.</summary>
    public async Task TakeAsync(bool promotes)
    {
        var view = await LookAsync();
        await Locks.TakeAsync(
            new HaDecision.TakeLock(
                new SyncKey(Settings.Name, [], 0), SyncNames.Nobody, view.Sync?.ModRevision ?? 0,
                view.Leader?.ModRevision ?? 0, "for the test"),
            view, promotes, Stop);
    }

    /// <summary>A whole start: intent, and what came of it.</summary>
    public async Task<StepResult> StartAsync(StartFacts facts)
    {
        if (!await Starts.IntendAsync(await LookAsync(), Stop))
            return StepResult.Failed("no intent");
        Starts.Use();
        return await RecordAsync(facts);
    }

    public async Task<StepResult> RecordAsync(StartFacts facts)
    {
        Facts = facts;
        return (await Starts.RecordAsync(await LookAsync(), Lease.State!, State.Intent, Stop)).Result;
    }

    static AgentSettings SettingsOf(NodeName name)
    {
        var secret = new Credentials("postgres", Password: null);
        return new AgentSettings
        {
            Scope = "test",
            Name = name,
            RestListen = new HostPort("127.0.0.1", 8008),
            RestConnect = new HostPort("127.0.0.1", 8008),
            Etcd = [],
            BootstrapDcs = new DynamicSettings { Ttl = TimeSpan.FromSeconds(3) },
            Hosts = ImmutableSortedDictionary<NodeName, HostPort>.Empty,
            StateDirectory = "",
            Postgres = new InstanceSettings
            {
                Name = name, Scope = "test", DataDirectory = "/data", BinDirectory = "", ListenAddresses = "*",
                Port = 5432, ConnectHost = "127.0.0.1", SocketDirectory = "", LogFile = "", Superuser = secret,
                Replication = secret, Rewind = secret,
            },
        };
    }
}
