using Holdfast.Agent;
using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Doubles.Store;
using Holdfast.Doubles;
using Holdfast.Postgres.Instance;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Agent;

/// <summary>Two whole agents with real etcd and real PostgreSQL; the primary's data is on a volume that gets into
/// trouble.</summary>
public sealed class DiskFailoverTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_primary_on_a_full_disk_hands_over_and_comes_back_when_there_is_room()
    {
        using var volume = Volume();
        await using var world = await World.StartAsync(volume);
        volume.Fill();
        await world.IsLedByAsync("n2");
        volume.Free();
        await world.StreamsAsync("n1");
    }

    [Fact]
    public async Task A_primary_on_a_frozen_disk_hands_over_and_comes_back_when_it_is_thawed()
    {
        using var volume = Volume();
        await using var world = await World.StartAsync(volume);
        volume.Freeze();
        await world.IsLedByAsync("n2");
        volume.Thaw();
        await world.StreamsAsync("n1");
    }

    static TestVolume Volume()
    {
        var volume = TestVolume.TryExt4(megabytes: 512);
        if (volume is null)
            Assert.Skip("needs the right to mount a loop device");
        return volume;
    }

    sealed class World : IAsyncDisposable
    {
        readonly PostgresSandbox _sandbox = new();
        readonly EtcdCluster _etcd;
        readonly EtcdStore _store;
        readonly List<(HaAgent Agent, PostgresInstance Postgres, Task Run)> _nodes = [];
        readonly CancellationTokenSource _stop = new();

        World(EtcdCluster etcd) => (_etcd, _store) = (etcd, etcd.Connect());

        public static async Task<World> StartAsync(TestVolume volume)
        {
            var world = new World(await EtcdCluster.StartAsync(1, Stop));
            volume.GiveTo("postgres");
            world.Start("n1", volume.Data);
            await world.IsLedByAsync("n1");
            world.Start("n2", world._sandbox.Settings("n2").DataDirectory);
            await world.StreamsAsync("n2");
            return world;
        }

        void Start(string name, string data)
        {
            var settings = _sandbox.Settings(name) with { DataDirectory = data };
            var rest = new HostPort("127.0.0.1", FreePorts.Take());
            var postgres = new PostgresInstance(settings, NullLogger<PostgresInstance>.Instance);
            var agent = new HaAgent(
                new AgentSettings
                {
                    Scope = "sandbox",
                    Name = new NodeName(name),
                    RestListen = rest,
                    RestConnect = rest,
                    Etcd = [],
                    Postgres = settings,
                    BootstrapDcs = PostgresSandbox.Dynamic with
                    {
                        Ttl = TimeSpan.FromSeconds(5),
                        Json = """
                            {"ttl":5,"loop_wait":1,"maximum_lag_on_failover":104857600,"postgresql":{"parameters":
                            {"shared_buffers":"16MB","max_connections":"50","max_wal_size":"64MB"}}}
                            """,
                    },
                    StateDirectory = Directory.CreateDirectory(data + ".agent").FullName,
                },
                _store, new Heartbeat([.. _etcd.Endpoints]), postgres, cgroup: null, NullLogger.Instance);
            _nodes.Add((agent, postgres, agent.RunAsync(_stop.Token)));
        }

        public Task IsLedByAsync(string name) => EventuallyAsync($"{name} leads", view =>
            view.Leader?.Holder.Value == name && view.Member(new NodeName(name)) is { Role: "primary" });

        public Task StreamsAsync(string name) => EventuallyAsync($"{name} streams", view =>
            view.Member(new NodeName(name)) is { Role: "replica", ReplicationState: "streaming", Disk: "" });

        // A busy machine may need two rounds of the usual limit: an agent, an election and a rejoin take their time.
        async Task EventuallyAsync(string what, Func<ClusterView, bool> condition)
        {
            var reader = new ClusterWatcher(
                _store, new PatroniKeys("service", "sandbox"), new HoldfastKeys("sandbox"), TimeProvider.System,
                NullLogger.Instance);
            async ValueTask<bool> IsSoAsync() => condition(await reader.ReadNowAsync(Stop));
            try
            {
                await Eventually.IsAsync(what, IsSoAsync);
            }
            catch (TimeoutException)
            {
                await Eventually.IsAsync(what, IsSoAsync);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            foreach (var (agent, postgres, run) in _nodes)
            {
                await run;
                await agent.DisposeAsync();
                postgres.Kill();
                await postgres.DisposeAsync();
            }
            _store.Dispose();
            await _etcd.DisposeAsync();
            await _sandbox.DisposeAsync();
            _stop.Dispose();
        }
    }
}
