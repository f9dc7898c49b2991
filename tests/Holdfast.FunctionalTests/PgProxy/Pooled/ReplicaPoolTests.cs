using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Two servers that the view calls replicas, behind the replica port of a pooling proxy.</summary>
public sealed class ReplicaPoolTests(RealPostgres postgres) : PooledPostgres(postgres), IAsyncLifetime
{
    readonly RealPostgres _other = new();

    public ValueTask InitializeAsync() => _other.InitializeAsync();

    [Theory, InlineData(1, 8), InlineData(1, 1), InlineData(2, 8)]
    public async Task Statements_follow_the_weights(int loops, int clients)
    {
        var proxy = Start(PoolMode.Transaction, size: 6, loops: loops, replicas: Weighing(("n2", 2)));
        proxy.Topology.Show(Leaderless(N2, N3));
        var connections = new List<NpgsqlConnection>();
        for (var i = 0; i < clients; i++)
            connections.Add(await OpenAsync(proxy.ReplicasPort));
        // Until each loop has a connection to both.
        var seen = new HashSet<int>();
        await UntilAsync(async () =>
        {
            seen.UnionWith(await ServersAsync(connections));
            return seen.Count == 2
                && proxy.Server.Pooled!.Workers.All(worker => worker.Counts.ServerLogins is 0 or >= 2);
        });

        // Loops lend each other connections, and level out afterwards.
        await UntilAsync(async () =>
        {
            var served = new List<int>();
            for (var round = 0; round < 300 / clients; round++)
                served.AddRange(await ServersAsync(connections, inTurn: true));
            return served.Count(port => port == Postgres.Port) / (double)served.Count is >= 0.6 and <= 0.74;
        });
        foreach (var connection in connections)
            await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_replica_that_lags_is_drained_and_a_session_on_it_goes_on()
    {
        var proxy = Start(
            PoolMode.Session, loops: 1, replicas: new ReplicaSettings { LagLimit = 1000 });
        proxy.Topology.Show(Placed(n2: 5000, n3: 1));
        await using var early = await OpenAsync(proxy.ReplicasPort);
        (await ServerAsync(early)).ShouldBe(Postgres.Port);
        proxy.Topology.Show(Placed(n2: 5000, n3: 5000));
        await using var late = await OnAsync(proxy, _other.Port);

        proxy.Topology.Show(Placed(n2: 5000, n3: 1));
        (await ServerAsync(late)).ShouldBe(_other.Port);
        for (var i = 0; i < 5; i++)
        {
            await using var next = await OpenAsync(proxy.ReplicasPort);
            (await ServerAsync(next)).ShouldBe(Postgres.Port);
        }
        (await ServerAsync(late)).ShouldBe(_other.Port);
    }

    [Fact]
    public async Task A_drained_replica_gets_no_transaction_and_the_one_that_runs_ends()
    {
        var proxy = Start(
            PoolMode.Transaction, loops: 1, replicas: new ReplicaSettings { LagLimit = 1000 });
        proxy.Topology.Show(Placed(n2: 5000, n3: 5000));
        await using var connection = await OnAsync(proxy, _other.Port);
        await UntilAsync(async () =>
        {
            await Queries.AskAsync(connection, "COMMIT");
            await Queries.AskAsync(connection, "BEGIN");
            return await ServerAsync(connection) == _other.Port;
        });
        proxy.Topology.Show(Placed(n2: 5000, n3: 1));
        (await ServerAsync(connection)).ShouldBe(_other.Port);
        await Queries.AskAsync(connection, "COMMIT");
        for (var i = 0; i < 5; i++)
            (await ServerAsync(connection)).ShouldBe(Postgres.Port);
    }

    [Fact]
    public async Task A_replica_that_came_back_has_its_part_of_a_pool_that_was_full()
    {
        var proxy = Start(PoolMode.Transaction, size: 2, loops: 1);
        proxy.Topology.Show(Leaderless(N2));
        await using var first = await OpenAsync(proxy.ReplicasPort);
        await using var second = await OpenAsync(proxy.ReplicasPort);
        await Queries.AskAsync(first, "BEGIN");
        (await ServerAsync(second), await ServerAsync(first)).ShouldBe((Postgres.Port, Postgres.Port));
        await Queries.AskAsync(first, "COMMIT");

        proxy.Topology.Show(Leaderless(N2, N3));

        await UntilAsync(async () => await ServerAsync(first) == _other.Port);
    }

    [Fact]
    public async Task A_replica_that_stays_in_an_older_term_gets_nobody_and_is_cut_after_the_ttl()
    {
        var proxy = Start(PoolMode.Session, loops: 1);
        var n2 = N2 with { Seen = new Term(7) };
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7), n2));
        await using var connection = await OpenAsync(proxy.ReplicasPort);
        (await ServerAsync(connection)).ShouldBe(Postgres.Port);

        // Partitioned together with the old primary, it hears nothing of n3.
        proxy.Topology.Show(Led("n3", 9, n2, Primary("n3", 9, _other.Port)));
        await using var next = await OpenAsync(proxy.ReplicasPort);
        (await ServerAsync(next)).ShouldBe(_other.Port);

        // The view says nothing new: time does.
        await Wait.UntilAsync(() => proxy.Server.Pooled!.Workers[0].Counts.Cut > 0, "it is cut");
        (await ServerAsync(connection)).ShouldBe(_other.Port);
    }

    [Fact]
    public async Task Without_the_fallback_clients_wait_for_a_replica()
    {
        var proxy = Start(PoolMode.Transaction, loops: 1, replicas: new ReplicaSettings { FallsBack = false });
        var leader = Primary("n1", 7, Postgres.Port);
        proxy.Topology.Show(Led("n1", 7, leader));
        var waiting = OpenAsync(proxy.ReplicasPort);
        await Wait.UntilAsync(() => proxy.Server.Clients == 1, "it waits");
        proxy.Topology.Show(Led("n1", 7, leader, N3));
        await using var connection = await waiting;
        (await ServerAsync(connection)).ShouldBe(_other.Port);
    }

    MemberView N2 => Replica("n2", Postgres.Port);
    MemberView N3 => Replica("n3", _other.Port);

    ClusterView Placed(ulong n2, ulong n3) => Leaderless(
        N2 with { Replayed = new Lsn(n2) }, N3 with { Replayed = new Lsn(n3) }) with
    {
        LeaderPosition = new Lsn(5000),
    };

    static ReplicaSettings Weighing(params (string Name, int Weight)[] weights) => new()
    {
        Weights = weights.ToImmutableSortedDictionary(pair => new NodeName(pair.Name), pair => pair.Weight),
    };

    // Keeps those that came to the other server until one came to this one.
    static async Task<NpgsqlConnection> OnAsync(ProxyUnderTest proxy, int port)
    {
        NpgsqlConnection? found = null;
        await UntilAsync(async () =>
        {
            var connection = await OpenAsync(proxy.ReplicasPort);
            if (await ServerAsync(connection) == port)
                found = connection;
            else
                await connection.DisposeAsync();
            return found is not null;
        });
        return found!;
    }

    static async Task<int[]> ServersAsync(List<NpgsqlConnection> connections, bool inTurn = false)
    {
        if (!inTurn)
            return await Task.WhenAll(connections.Select(ServerAsync));
        var ports = new List<int>();
        foreach (var connection in connections)
            ports.Add(await ServerAsync(connection));
        return [.. ports];
    }

    static async Task<int> ServerAsync(NpgsqlConnection connection) =>
        Convert.ToInt32(await Queries.AskAsync(connection, "SELECT inet_server_port()"), null);

    static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(RawClient.Limit);
        while (!await condition())
            limit.Token.ThrowIfCancellationRequested();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _other.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
