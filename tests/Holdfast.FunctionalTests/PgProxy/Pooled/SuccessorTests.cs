using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Before a switchover the proxy logs in to the candidate, which is promoted under its sessions.</summary>
public sealed class SuccessorTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const int Clients = 3;
    const string Sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    const string Own = "SELECT pg_backend_pid()";

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Clients_go_on_with_sessions_that_stood_ready_and_write(PoolMode mode)
    {
        await using var standby = await Postgres.StartStandbyAsync();
        await using var watcher = await OpenAsync(standby.Port);
        var proxy = Start(mode, loops: 1);
        var clients = await BusyAsync(proxy);
        Name(proxy, standby, handsOver: false);
        await SessionsAsync(watcher, Clients);
        var ready = await PidsAsync(watcher);
        // Nobody is served by a standby.
        (await Queries.AskAsync(clients[0], "SELECT pg_is_in_recovery()")).ShouldBe(false);
        Name(proxy, standby, handsOver: true);
        await standby.PromoteAsync();
        await Queries.UntilAsync(watcher, "SELECT NOT pg_is_in_recovery()");
        proxy.Topology.Show(Leaderless(Replica("n1", Postgres.Port), Replica("n2", standby.Port)));
        proxy.Topology.Show(Led("n2", 8, Replica("n1", Postgres.Port), Primary("n2", 8, standby.Port)));
        await Queries.AskAsync(clients[0], "CREATE TABLE IF NOT EXISTS handed_over (pid int)");
        var served = new HashSet<int>();
        foreach (var client in clients)
        {
            await Queries.AskAsync(client, "BEGIN");
            await Queries.AskAsync(client, "INSERT INTO handed_over VALUES (pg_backend_pid())");
            served.Add((int)(await Queries.AskAsync(client, Own))!);
        }
        served.ShouldBe(ready, ignoreOrder: true);
        await EndAsync(clients);
        (await Queries.AskAsync(watcher, "SELECT count(*) FROM handed_over")).ShouldBe((long)Clients);
        // Its server says so with its next answer, and whoever comes is told by the proxy.
        await using var newcomer = await OpenAsync(proxy.PrimaryPort);
        newcomer.PostgresParameters["in_hot_standby"].ShouldBe("off");
    }

    [Fact]
    public async Task Sessions_with_one_who_is_not_promoted_after_all_are_closed()
    {
        await using var standby = await Postgres.StartStandbyAsync();
        await using var watcher = await OpenAsync(standby.Port);
        var proxy = Start(PoolMode.Session, loops: 1);
        var clients = await BusyAsync(proxy);
        var before = await Queries.AskAsync(clients[0], Own);
        Name(proxy, standby, handsOver: false);
        await SessionsAsync(watcher, Clients);
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, Postgres.Port), Replica("n2", standby.Port)));
        await SessionsAsync(watcher, 0);
        (await Queries.AskAsync(clients[0], Own)).ShouldBe(before);
        await EndAsync(clients);
    }

    [Fact]
    public async Task One_that_has_ended_is_replaced()
    {
        await using var standby = await Postgres.StartStandbyAsync();
        await using var watcher = await OpenAsync(standby.Port);
        var proxy = Start(PoolMode.Session, loops: 1);
        var clients = await BusyAsync(proxy);
        Name(proxy, standby, handsOver: false);
        await SessionsAsync(watcher, Clients);
        var ended = (await PidsAsync(watcher))[0];
        await Queries.AskAsync(watcher, $"SELECT pg_terminate_backend({ended})");
        await Queries.UntilAsync(watcher, $"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {ended})");
        await SessionsAsync(watcher, Clients);
        await EndAsync(clients);
    }

    // Each has a server of its own, also where transactions share them.
    async Task<List<NpgsqlConnection>> BusyAsync(ProxyUnderTest proxy)
    {
        var clients = new List<NpgsqlConnection>();
        for (var i = 0; i < Clients; i++)
        {
            clients.Add(await OpenAsync(proxy.PrimaryPort));
            await Queries.AskAsync(clients[^1], "BEGIN");
        }
        foreach (var client in clients)
            await Queries.AskAsync(client, "COMMIT");
        return clients;
    }

    static Task SessionsAsync(NpgsqlConnection watcher, int count) =>
        Queries.UntilAsync(watcher, $"SELECT ({Sessions}) = {count}");

    static async Task EndAsync(List<NpgsqlConnection> clients)
    {
        foreach (var client in clients)
        {
            await Queries.AskAsync(client, "COMMIT");
            await client.DisposeAsync();
        }
    }

    static async Task<List<int>> PidsAsync(NpgsqlConnection watcher)
    {
        var pids = (string)(await Queries.AskAsync(watcher,
            Sessions.Replace("count(*)", "string_agg(pid::text, ',')", StringComparison.Ordinal)))!;
        return [.. pids.Split(',').Select(int.Parse)];
    }

    void Name(ProxyUnderTest proxy, RealPostgres standby, bool handsOver) => proxy.Topology.Show(Led("n1", 7,
        Primary("n1", 7, Postgres.Port) with { Successor = new NodeName("n2"), HandsOver = handsOver },
        Replica("n2", standby.Port)));
}
