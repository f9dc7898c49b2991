using System.Collections.Immutable;
using Holdfast.Cluster.Model;

namespace Holdfast.Tests.Agent.Rest;

/// <summary>Views that read aloud. The clock of these tests stands at <see cref="Now"/>.</summary>
static class Views
{
    public static readonly TimeSpan Now = TimeSpan.FromHours(1);
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(3);

    public static ClusterView Cluster { get; } = new()
    {
        Revision = 100,
        Leader = new(new("n1"), new(42), 42, 7),
        LeaderPosition = new(5000),
        Settings = new() { Ttl = Ttl },
        Members =
        [
            Member("n2", "replica") with
            {
                Position = new(0x3000060), Received = new(0x3000060), Replayed = new(0x3000000),
                ReplicationState = "streaming",
            },
            Member("n1", "primary") with { Position = new(5000) },
            Member("n3", "replica") with { State = "starting" },
        ],
    };

    public static AgentView Primary { get; } = View("n1") with
    {
        Role = "primary",
        HasLease = true,
        Term = new(42),
        Postgres = Running(PostgresState.Primary) with { Written = new(5000) },
    };

    public static AgentView Replica { get; } = View("n2") with
    {
        Role = "replica",
        Postgres = Running(PostgresState.Replica) with
        {
            Received = new(4900),
            Replayed = new(4800),
            Streaming = true,
            ReplayTimestamp = "2026-01-31 12:34:56.789+00",
        },
    };

    public static AgentView Stopped { get; } = View("n3") with
    {
        State = "stopped",
        Role = "demoted",
        Postgres = new() { State = PostgresState.Stopped, Data = DataState.Usable },
    };

    public static AgentView Synchronous(this AgentView view, SynchronousMode mode, params string[] standbys) =>
        view with { Cluster = Cluster.Synchronous(mode, standbys) };

    public static ClusterView Synchronous(this ClusterView cluster, SynchronousMode mode, params string[] standbys) =>
        cluster with
        {
            Settings = cluster.Settings! with { SynchronousMode = mode },
            Sync = new(new("n1"), [.. standbys.Select(name => new NodeName(name))], standbys.Length - 1, 90),
        };

    public static ClusterView Paused(this ClusterView cluster) =>
        cluster with { Settings = cluster.Settings! with { Pause = true } };

    public static MemberView Member(string name, string role) => new()
    {
        Name = new(name),
        Role = role,
        State = "running",
        Timeline = 1,
        ConnUrl = $"postgres://10.77.0.1{name[1]}:5432/postgres",
        ApiUrl = $"http://10.77.0.1{name[1]}:8008/patroni",
    };

    static AgentView View(string name) => new()
    {
        Name = new(name),
        Scope = "filmopoisk",
        State = "running",
        Role = "replica",
        LastTurn = Now - TimeSpan.FromSeconds(1),
        LookedAt = Now - TimeSpan.FromMilliseconds(250),
        StoreSeenAt = DateTimeOffset.FromUnixTimeSeconds(1_769_862_896),
        Cluster = Cluster,
        Decision = "Wait",
        Postgres = new() { State = PostgresState.Stopped, Data = DataState.Usable },
    };

    static PostgresView Running(PostgresState state) => new()
    {
        State = state,
        Data = DataState.Usable,
        SystemIdentifier = "7301",
        Timeline = 1,
        ServerVersion = 150020,
        StartTime = "2026-01-31 12:00:00.5+00",
        WalSenders = ImmutableArray<WalSenderView>.Empty,
    };
}
