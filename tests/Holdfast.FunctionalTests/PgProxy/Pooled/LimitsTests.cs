using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>How many servers and clients there may be, and who gets the next one.</summary>
public sealed class LimitsTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Pid = "SELECT pg_backend_pid()";

    static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);

    static PoolSettings Transaction(int size, int loops = 1) =>
        new() { Mode = PoolMode.Transaction, Size = size, Loops = loops };

    static int Servers(ProxyUnderTest proxy) => proxy.Server.Pooled!.Directory.All.Sum(pool => pool.Servers);

    Task<NpgsqlConnection> OtherUserAsync(ProxyUnderTest proxy) => OpenAsync(proxy.PrimaryPort, "Username=nobody");

    async Task MakeOtherUserAsync()
    {
        await using var direct = await OpenAsync(Postgres.Port);
        await Queries.AskAsync(direct, "DROP ROLE IF EXISTS nobody");
        await Queries.AskAsync(direct, $"CREATE ROLE nobody LOGIN PASSWORD '{RealPostgres.Password}'");
    }

    [Fact]
    public async Task Who_has_waited_gets_a_server_of_the_reserve()
    {
        var proxy = Start(Transaction(size: 1, loops: 2) with { ReserveSize = 1, ReserveTimeout = s_moment });
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(first, "BEGIN");
        var pid = await Queries.AskAsync(first, Pid);
        (await Queries.AskAsync(second, Pid)).ShouldNotBe(pid);
        await Queries.AskAsync(first, "COMMIT");
        await Wait.UntilAsync(() => Servers(proxy) == 1, "the reserve is given back");
        (await Queries.AskAsync(second, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task A_minimum_is_kept_and_comes_back_after_a_failover()
    {
        var proxy = Start(Transaction(size: 4, loops: 2) with { MinSize = 3, ServerIdleTimeout = s_moment });
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await Wait.UntilAsync(() => Servers(proxy) == 3, "the minimum");
        proxy.Topology.Show(Led("n2", 8, Replica("n1", Postgres.Port)));
        await Wait.UntilAsync(() => Servers(proxy) == 0, "cut");
        ShowPrimary(proxy, term: 9);
        await Wait.UntilAsync(() => Servers(proxy) == 3, "the minimum again");
        await client.CloseAsync();
        await Wait.UntilAsync(() => Servers(proxy) == 0, "nobody is there to keep it for");
    }

    [Theory, InlineData(1), InlineData(2)]
    public async Task The_servers_of_a_database_are_bounded_over_its_pools(int loops)
    {
        await MakeOtherUserAsync();
        var proxy = Start(Transaction(size: 4, loops) with { DatabaseServersMax = 1 });
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OtherUserAsync(proxy);
        for (var turn = 0; turn < 3; turn++)
        {
            (await Queries.AskAsync(first, "SELECT current_user::text")).ShouldBe("postgres");
            Servers(proxy).ShouldBe(1);
            (await Queries.AskAsync(second, "SELECT current_user::text")).ShouldBe("nobody");
            Servers(proxy).ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_busy_pool_gives_way_to_one_that_finds_no_place()
    {
        await MakeOtherUserAsync();
        var proxy = Start(Transaction(size: 4) with { DatabaseServersMax = 2 });
        using var over = new CancellationTokenSource();
        var busy = Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var connection = await OpenAsync(proxy.PrimaryPort);
            while (!over.IsCancellationRequested)
                await Queries.AskAsync(connection, Pid);
        }));
        await using var other = await OtherUserAsync(proxy);
        for (var turn = 0; turn < 3; turn++)
        {
            (await Queries.AskAsync(other, "SELECT 42")).ShouldBe(42);
            Servers(proxy).ShouldBeLessThanOrEqualTo(2);
        }
        await over.CancelAsync();
        await busy;
    }

    [Fact]
    public async Task The_servers_of_a_user_are_bounded_over_its_pools()
    {
        var proxy = Start(Transaction(size: 4) with { UserServersMax = 1, QueryWaitTimeout = s_moment });
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort, "Options=-c work_mem=7MB");
        await Queries.AskAsync(first, "BEGIN");
        var refused = await Should.ThrowAsync<PostgresException>(Queries.AskAsync(second, Pid));
        refused.SqlState.ShouldBe("53300");
        refused.MessageText.ShouldContain("all 1 servers of user \"postgres\" (max_user_connections) were busy");
        (await Queries.AskAsync(first, "SELECT 42")).ShouldBe(42);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task The_clients_of_a_database_and_of_a_user_are_bounded(bool ofUser)
    {
        var pools = Transaction(size: 1, loops: 2);
        var proxy = Start(ofUser ? pools with { UserClientsMax = 2 } : pools with { DatabaseClientsMax = 2 });
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using (await OpenAsync(proxy.PrimaryPort))
        {
            var refused = await Should.ThrowAsync<PostgresException>(OpenAsync(proxy.PrimaryPort));
            refused.SqlState.ShouldBe("53300");
            refused.MessageText.ShouldContain(ofUser ? "max_user_client_connections" : "max_db_client_connections");
        }
        await Wait.UntilAsync(() => proxy.Server.Clients == 1, "gone");
        await using var third = await OpenAsync(proxy.PrimaryPort);
        (await Queries.AskAsync(third, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task Logins_to_one_server_are_ramped_over_all_pools()
    {
        var proxy = Start(Transaction(size: 2, loops: 2) with { MinSize = 2 });
        var clients = await Task.WhenAll(Enumerable.Range(1, 24).Select(number =>
            OpenAsync(proxy.PrimaryPort, $"Options=-c work_mem={number}MB")));
        foreach (var (number, client) in clients.Index())
            (await Queries.AskAsync(client, "SHOW work_mem")).ShouldBe($"{number + 1}MB");
        await Wait.UntilAsync(() => Servers(proxy) == 48, "all minimums");
        proxy.Server.Pooled!.Ramp.Highest.ShouldBeInRange(2, ProxyLimits.ServerLoginsAtOnceMax);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Another_size_is_met_while_clients_are_there()
    {
        var proxy = Start(Transaction(size: 4, loops: 2));
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync(proxy.PrimaryPort)));
        foreach (var size in new[] { 1, 6, 2, 1 })
        {
            proxy.Server.Pooled!.Change(Transaction(size, loops: 2));
            // Also those of the loop that has no share of one server.
            await Task.WhenAll(clients.Select(async client =>
            {
                for (var turn = 0; turn < 20; turn++)
                    (await Queries.AskAsync(client, "SELECT 42")).ShouldBe(42);
            }));
            await Wait.UntilAsync(() => Servers(proxy) <= size, $"{size} servers");
        }
        foreach (var client in clients)
            await client.DisposeAsync();
    }
}
