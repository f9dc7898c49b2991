using System.Net;
using System.Text;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Metrics;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Holdfast.FunctionalTests.Agent.Rest;

/// <summary>The REST APIs of two members on real sockets: the leader n1 and the replica n2, over one store.</summary>
sealed class ApiUnderTest : IAsyncDisposable
{
    static readonly PatroniKeys s_keys = new("service", "filmopoisk");
    static readonly HoldfastKeys s_ours = new("filmopoisk");

    readonly CancellationTokenSource _stop = new();
    readonly PeerClient _peers = new();
    readonly MeterCollector _meters = new("Holdfast.");
    readonly ClusterWatcher _watcher;
    readonly RestApi _leader;
    readonly RestApi _replica;
    readonly Task _watching;

    ApiUnderTest(IStore store, bool replicaNoFailover)
    {
        Store = store;
        _watcher = new ClusterWatcher(Store, s_keys, s_ours, BootClock.Provider, NullLogger.Instance);
        _watching = _watcher.RunAsync(_stop.Token);
        _leader = Api(() => View("n1", PostgresState.Primary) with { HasLease = true, Term = new(42) });
        _replica = Api(() => View("n2", PostgresState.Replica) with { NoFailover = replicaNoFailover });
    }

    public IStore Store { get; }
    public PatroniKeys Keys => s_keys;
    public PeerClient Peers => _peers;
    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };
    public Uri Leader => new($"http://{_leader.Address}/");
    public Uri Replica => new($"http://{_replica.Address}/");
    public ClusterView? Cluster => _watcher.Current?.View;

    /// <param name="store">Null: one in memory.</param>
    /// <param name="replicaNoFailover">n2 says of itself that it must not be promoted.</param>
    public static async Task<ApiUnderTest> StartAsync(IStore? store = null, bool replicaNoFailover = false)
    {
        var api = new ApiUnderTest(store ?? new MemoryStore(TimeProvider.System), replicaNoFailover);
        await api._leader.StartAsync(CancellationToken.None);
        await api._replica.StartAsync(CancellationToken.None);
        await api.PutAsync(
            (s_keys.Initialize, "7301"), (s_keys.Leader, "n1"), (s_keys.Status, """{"optime":50331744}"""),
            (s_keys.Config, """{"ttl":3,"loop_wait":1,"synchronous_mode":"quorum"}"""),
            (s_keys.Sync, """{"leader":"n1","quorum":0,"sync_standby":"n2"}"""),
            (s_keys.Member("n1"), api.MemberValue("n1", "primary", api.Leader)),
            (s_keys.Member("n2"), api.MemberValue("n2", "replica", api.Replica)));
        await api.SeesAsync(cluster => cluster.Members.Length == 2);
        return api;
    }

    public async Task PutAsync(params (string Key, string Value)[] pairs)
    {
        var puts = pairs.Select(pair => (Operation)new Operation.Put(pair.Key, pair.Value));
        (await Store.CommitAsync(new([], [.. puts]), CancellationToken.None)).Outcome.ShouldBe(WriteOutcome.Written);
    }

    /// <summary>Waits until the view is like that.</summary>
    public async Task<ClusterView> SeesAsync(Func<ClusterView, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (Cluster is not { } cluster || !condition(cluster))
            await tick.WaitForNextTickAsync(limit.Token);
        return Cluster;
    }

    /// <summary>What the agents do by an operator's wish: these keys change once it is there.</summary>
    public async Task WhenAskedAsync(params (string Key, string Value)[] pairs)
    {
        await SeesAsync(cluster => cluster.Failover is not null);
        await PutAsync(pairs);
    }

    public async Task<(HttpStatusCode Code, string Text)> SendAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Leader, path));
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _leader.DisposeAsync();
        await _replica.DisposeAsync();
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
        _peers.Dispose();
        _meters.Dispose();
        Http.Dispose();
    }

    RestApi Api(Func<AgentView> view) => new(
        new RestSettings
        {
            Listen = new("127.0.0.1", 0), KeyPrefix = s_keys.Prefix,
            SwitchoverPoll = TimeSpan.FromMilliseconds(20), SwitchoverPatience = TimeSpan.FromSeconds(1),
        },
        view, Store, _peers, _meters, failsafe: null, TimeProvider.System);

    AgentView View(string name, PostgresState state) => new()
    {
        Name = new(name),
        Scope = "filmopoisk",
        State = "running",
        Role = state == PostgresState.Primary ? "primary" : "replica",
        LastTurn = BootClock.Now,
        Cluster = Cluster,
        Postgres = new()
        {
            State = state, Data = DataState.Usable, Streaming = state == PostgresState.Replica,
            Written = state == PostgresState.Primary ? new Lsn(50331744) : null,
            Received = state == PostgresState.Replica ? new Lsn(50331744) : null,
            Replayed = state == PostgresState.Replica ? new Lsn(50331744) : null,
        },
    };

    string MemberValue(string name, string role, Uri api) => MemberJson.Write(new MemberView
    {
        Name = new(name),
        ConnUrl = $"postgres://10.77.0.1{name[1]}:5432/postgres",
        ApiUrl = new Uri(api, "/patroni").ToString(),
        State = "running",
        Role = role,
        Version = "4.1.4",
        Timeline = 1,
        Position = new(50331744),
        Received = role == "replica" ? new Lsn(50331744) : null,
        Replayed = role == "replica" ? new Lsn(50331744) : null,
        ReplicationState = role == "replica" ? "streaming" : null,
    });
}
