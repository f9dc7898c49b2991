using Holdfast.FunctionalTests.PgProxy.Pooled;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>What operators order through the console.</summary>
public sealed class OrdersTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Pid = "SELECT pg_backend_pid()";

    static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);

    [Theory, InlineData("PAUSE postgres", "RESUME postgres"), InlineData("PAUSE", "RESUME")]
    public async Task A_pause_lets_transactions_end_and_then_has_no_servers(string pause, string resume)
    {
        var proxy = Start(PoolMode.Transaction, size: 2);
        await using var busy = await OpenAsync(proxy.PrimaryPort);
        await using var other = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var onlooker = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var transaction = await busy.BeginTransactionAsync(Stop);
        var pid = await Queries.AskAsync(busy, Pid);

        var pausing = Queries.AskAsync(console, pause);
        await ConsoleTests.UntilAsync(onlooker, "SHOW DATABASES", rows => rows.Exists(row => row["paused"] is 1));
        var waiting = Queries.AskAsync(other, Pid);
        (await Queries.AskAsync(busy, Pid)).ShouldBe(pid);
        pausing.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync(Stop);
        await pausing;
        (await ConsoleTests.RowsAsync(onlooker, "SHOW SERVERS")).ShouldBeEmpty();
        await ConsoleTests.UntilAsync(onlooker, "SHOW POOLS", rows => rows[0]["cl_waiting"] is 1);
        waiting.IsCompleted.ShouldBeFalse();

        await Queries.AskAsync(onlooker, resume);
        (await waiting).ShouldNotBe(pid);
    }

    [Fact]
    public async Task A_pause_that_is_resumed_meanwhile_says_so()
    {
        var proxy = Start(PoolMode.Transaction, size: 2);
        await using var busy = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var onlooker = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var transaction = await busy.BeginTransactionAsync(Stop);
        await Queries.AskAsync(busy, Pid);
        var pausing = Queries.AskAsync(console, "PAUSE");
        await ConsoleTests.UntilAsync(onlooker, "SHOW STATE", rows => rows[1]["value"] is "yes");
        await Queries.AskAsync(onlooker, "RESUME");
        var given = await Should.ThrowAsync<PostgresException>(() => pausing);
        (given.SqlState, given.MessageText).ShouldBe(("57014", "PAUSE was given up with 1 servers left"));
    }

    [Fact]
    public async Task Reconnect_gives_each_client_a_new_server_once_the_old_one_is_at_rest()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var transaction = await client.BeginTransactionAsync(Stop);
        var pid = await Queries.AskAsync(client, Pid);
        await Queries.AskAsync(console, "RECONNECT postgres");
        (await ConsoleTests.RowsAsync(console, "SHOW SERVERS"))[0]["close_needed"].ShouldBe(1);
        var closing = Queries.AskAsync(console, "WAIT_CLOSE");
        (await Queries.AskAsync(client, Pid)).ShouldBe(pid);
        closing.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync(Stop);
        await closing;
        (await Queries.AskAsync(client, Pid)).ShouldNotBe(pid);
    }

    [Fact]
    public async Task Disable_keeps_newcomers_out_alone()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await Queries.AskAsync(console, "DISABLE postgres");
        (await Should.ThrowAsync<PostgresException>(() => OpenAsync(proxy.PrimaryPort))).SqlState.ShouldBe("57P03");
        await Queries.AskAsync(client, Pid);
        await Queries.AskAsync(console, "ENABLE postgres");
        await using var late = await OpenAsync(proxy.PrimaryPort);
    }

    [Fact]
    public async Task Kill_cuts_a_database_off_until_it_is_resumed()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var transaction = await client.BeginTransactionAsync(Stop);
        await Queries.AskAsync(client, Pid);
        await Queries.AskAsync(console, "KILL postgres");
        (await Should.ThrowAsync<PostgresException>(() => Queries.AskAsync(client, Pid))).SqlState.ShouldBe("57P01");
        (await ConsoleTests.RowsAsync(console, "SHOW SERVERS")).ShouldBeEmpty();
        await using var late = await OpenAsync(proxy.PrimaryPort);
        var waiting = Queries.AskAsync(late, Pid);
        await ConsoleTests.UntilAsync(console, "SHOW POOLS", rows => rows[0]["cl_waiting"] is 1);
        await Queries.AskAsync(console, "RESUME postgres");
        await waiting;
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task The_end_lets_a_transaction_end_and_tells_who_is_at_rest(bool byConsole)
    {
        var proxy = Start(PoolMode.Transaction, drain: s_long);
        await using var idle = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(idle, Pid);
        await using var busy = await OpenAsync(proxy.PrimaryPort);
        await using var transaction = await busy.BeginTransactionAsync(Stop);
        await Queries.AskAsync(busy, Pid);
        if (byConsole)
        {
            await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
            await Queries.AskAsync(console, "SHUTDOWN");
        }
        var ended = byConsole ? proxy.Running : proxy.StopAsync();
        await Wait.UntilAsync(() => proxy.Server.Clients == 1, "those at rest have gone");
        (await Should.ThrowAsync<PostgresException>(() => Queries.AskAsync(idle, Pid))).SqlState.ShouldBe("57P01");
        (await Should.ThrowAsync<PostgresException>(() => OpenAsync(proxy.PrimaryPort))).SqlState.ShouldBe("57P01");
        await Queries.AskAsync(busy, Pid);
        await transaction.CommitAsync(Stop);
        await ended;
    }

    [Fact]
    public async Task A_reload_changes_what_can_change_and_names_what_can_not()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleTests.ConsoleAsync(proxy.PrimaryPort);
        await using var transaction = await first.BeginTransactionAsync(Stop);
        var pid = await Queries.AskAsync(first, Pid);
        (ProxySettings?, Access?, IReadOnlyList<string>) read = (null, null, ["line 3: 'pol' is unknown"]);
        proxy.Server.ReadsAgain(() => read);
        (await Should.ThrowAsync<PostgresException>(() => Queries.AskAsync(console, "RELOAD")))
            .MessageText.ShouldBe("the former settings stay in force: line 3: 'pol' is unknown");

        read = (new ProxySettings
        {
            Cluster = "films",
            PrimaryPort = 5999,
            ReplicasPort = 0,
            Pools = new PoolSettings { Mode = PoolMode.Transaction, Size = 2 },
        }, new Access(), []);
        var notices = new List<string>();
        console.Notice += (_, notice) => notices.Add(notice.Notice.MessageText);
        await Queries.AskAsync(console, "RELOAD");
        notices.ShouldHaveSingleItem().ShouldBe("pgproxy.primary stays 0 until a restart, not 5999");
        (await Queries.AskAsync(second, Pid)).ShouldNotBe(pid);
        (await Queries.AskAsync(first, Pid)).ShouldBe(pid);
        (await Should.ThrowAsync<PostgresException>(() => OpenAsync(proxy.PrimaryPort))).SqlState.ShouldBe("28P01");
    }
}
