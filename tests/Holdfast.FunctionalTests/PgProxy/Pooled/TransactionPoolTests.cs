using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What sharing servers must not be noticed by.</summary>
public sealed class TransactionPoolTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Pid = "SELECT pg_backend_pid()";

    [Fact]
    public async Task Clients_share_a_server_and_wait_for_its_transaction_to_end()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        var pid = await Queries.AskAsync(first, Pid);
        (await Queries.AskAsync(second, Pid)).ShouldBe(pid);

        await using var transaction = await first.BeginTransactionAsync(Stop);
        await Queries.AskAsync(first, Pid);
        var waiting = Queries.AskAsync(second, Pid);
        (await Queries.AskAsync(first, Pid)).ShouldBe(pid);
        waiting.IsCompleted.ShouldBeFalse();
        await transaction.CommitAsync(Stop);
        (await waiting).ShouldBe(pid);
    }

    [Fact]
    public async Task A_prepared_statement_is_known_on_every_server()
    {
        var proxy = Start(PoolMode.Transaction, size: 2, loops: 1);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await using var prepared = new NpgsqlCommand("SELECT $1::int + pg_backend_pid()", first);
        prepared.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 0 });
        await prepared.PrepareAsync(Stop);
        var one = (int)(await prepared.ExecuteScalarAsync(Stop))!;

        // The other client keeps the server that has parsed it.
        await using var transaction = await second.BeginTransactionAsync(Stop);
        ((int)(await Queries.AskAsync(second, Pid))!).ShouldBe(one);
        var other = (int)(await prepared.ExecuteScalarAsync(Stop))!;
        other.ShouldNotBe(one);
    }

    [Fact]
    public async Task Settings_follow_their_client()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var first = await OpenAsync(proxy.PrimaryPort, "Application Name=one;Timezone=Asia/Tokyo");
        await using var second = await OpenAsync(proxy.PrimaryPort, "Application Name=two");
        for (var turn = 0; turn < 3; turn++)
        {
            (await Queries.AskAsync(first, "SHOW application_name")).ShouldBe("one");
            (await Queries.AskAsync(second, "SHOW application_name")).ShouldBe("two");
            (await Queries.AskAsync(first, "SHOW TimeZone")).ShouldBe("Asia/Tokyo");
        }
        await Queries.AskAsync(second, "SET application_name TO 'it''s me'");
        (await Queries.AskAsync(first, "SHOW application_name")).ShouldBe("one");
        (await Queries.AskAsync(second, "SHOW application_name")).ShouldBe("it's me");
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_reset_leads_back_to_what_the_login_said(PoolMode mode)
    {
        var proxy = Start(mode, size: 1);
        await using var connection = await OpenAsync(proxy.PrimaryPort, "Application Name=mine;Timezone=Asia/Tokyo");
        const string Look = "SELECT concat_ws(', ', current_setting('application_name'), current_setting('TimeZone'), "
            + "current_setting('IntervalStyle'))";
        await Queries.AskAsync(connection, "SET application_name = 'other'");
        await Queries.AskAsync(connection, "SET IntervalStyle = 'iso_8601'");
        await Queries.AskAsync(connection, "RESET application_name");
        (await Queries.AskAsync(connection, Look)).ShouldBe("mine, Asia/Tokyo, iso_8601");
        connection.PostgresParameters["application_name"].ShouldBe("mine");
        foreach (var reset in (string[])["RESET ALL", "DISCARD ALL"])
        {
            await Queries.AskAsync(connection, "SET TimeZone = 'UTC'");
            await Queries.AskAsync(connection, "SET IntervalStyle = 'iso_8601'");
            await Queries.AskAsync(connection, reset);
            (await Queries.AskAsync(connection, Look)).ShouldBe("mine, Asia/Tokyo, postgres");
            connection.PostgresParameters["TimeZone"].ShouldBe("Asia/Tokyo");
        }
    }

    [Fact]
    public async Task Clients_with_other_settings_take_turns_on_one_server()
    {
        var proxy = Start(PoolMode.Transaction, size: 1, loops: 1);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async number =>
        {
            await using var connection = await OpenAsync(proxy.PrimaryPort, $"Application Name=client {number}");
            for (var turn = 0; turn < 50; turn++)
                (await Queries.AskAsync(connection, "SHOW application_name")).ShouldBe($"client {number}");
        }));
    }

    [Theory]
    [InlineData("CREATE TEMP TABLE mine (id int)", "SELECT count(*)::int FROM mine")]
    [InlineData("SET work_mem TO '7MB'", "SELECT 0 WHERE current_setting('work_mem') = '7MB'")]
    [InlineData("SELECT pg_advisory_lock(42)", "SELECT 0 FROM pg_locks WHERE locktype = 'advisory'")]
    [InlineData("PREPARE mine AS SELECT 0", "EXECUTE mine")]
    [InlineData("LISTEN news", "SELECT 0 FROM pg_listening_channels()")]
    public async Task A_session_with_state_keeps_its_server(string makes, string finds)
    {
        var proxy = Start(PoolMode.Transaction, size: 2, loops: 1);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(first, makes);
        for (var turn = 0; turn < 3; turn++)
        {
            (await Queries.AskAsync(second, Pid)).ShouldNotBeNull();
            (await Queries.AskAsync(first, finds)).ShouldBe(0);
        }
        await Queries.AskAsync(first, "DISCARD ALL");
        var free = await Queries.AskAsync(first, Pid);
        (await Queries.AskAsync(second, Pid)).ShouldBe(free);
    }

    [Fact]
    public async Task What_a_session_left_behind_is_not_the_next_ones()
    {
        var proxy = Start(PoolMode.Session, size: 1);
        await using (var first = await OpenAsync(proxy.PrimaryPort))
            await Queries.AskAsync(first, "CREATE TEMP TABLE mine (id int); SET work_mem TO '7MB'");
        await using var second = await OpenAsync(proxy.PrimaryPort);
        (await Queries.AskAsync(second, "SELECT to_regclass('mine') IS NULL AND current_setting('work_mem') <> '7MB'"))
            .ShouldBe(true);
    }

    [Fact]
    public async Task An_error_ends_nothing_but_its_statement()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        for (var turn = 0; turn < 3; turn++)
        {
            await using var broken = new NpgsqlCommand("SELECT nothing FROM nowhere WHERE id = $1", connection);
            broken.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 1 });
            (await Should.ThrowAsync<PostgresException>(broken.PrepareAsync(Stop))).SqlState.ShouldBe("42P01");
            (await Queries.AskAsync(connection, "SELECT 1")).ShouldBe(1);
        }
        await using var fails = new NpgsqlCommand("SELECT 1 / $1", connection);
        fails.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 0 });
        await fails.PrepareAsync(Stop);
        for (var turn = 0; turn < 3; turn++)
            (await Should.ThrowAsync<PostgresException>(fails.ExecuteScalarAsync(Stop))).SqlState.ShouldBe("22012");
        fails.Parameters[0].Value = 1;
        (await fails.ExecuteScalarAsync(Stop)).ShouldBe(1);
    }

    [Fact]
    public async Task A_client_that_leaves_in_a_transaction_leaves_nothing_of_it()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using (var first = await OpenAsync(proxy.PrimaryPort))
        {
            await Queries.AskAsync(first, "BEGIN");
            await Queries.AskAsync(first, "CREATE TABLE never (id int)");
        }
        await using var second = await OpenAsync(proxy.PrimaryPort);
        (await Queries.AskAsync(second, "SELECT to_regclass('never') IS NULL")).ShouldBe(true);
    }

    [Fact]
    public async Task A_query_can_be_cancelled()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await using var watcher = await OpenAsync(Postgres.Port);
        await using var command = new NpgsqlCommand("SELECT pg_sleep(60)", connection);
        var query = command.ExecuteScalarAsync(Stop);
        while (await Queries.AskAsync(
            watcher, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") is 0L)
        {
        }
        command.Cancel();
        var cancelled = await Assert.ThrowsAnyAsync<Exception>(async () => await query);
        (cancelled as PostgresException ?? cancelled.InnerException as PostgresException)
            .ShouldNotBeNull().SqlState.ShouldBe("57014");
        (await Queries.AskAsync(connection, "SELECT 1")).ShouldBe(1);
    }

    [Theory]
    [InlineData("postgres", "wrong", "postgres", "28P01")]
    [InlineData("stranger", "secret", "postgres", "28P01")]
    [InlineData("postgres", "secret", "nowhere", "3D000")]
    [InlineData("nobody", "secret", "postgres", "28P01")]
    public async Task Who_may_not_come_in_is_told_so(string user, string password, string database, string state)
    {
        var proxy = Start(PoolMode.Transaction);
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(proxy.PrimaryPort))
        {
            Username = user,
            Password = password,
            Database = database,
        };
        await using var connection = new NpgsqlConnection(conninfo.ConnectionString);
        (await Should.ThrowAsync<PostgresException>(connection.OpenAsync(Stop))).SqlState.ShouldBe(state);
        await Wait.UntilAsync(() => proxy.Server.Clients == 0, "forgotten");
    }

    [Fact]
    public async Task Who_waits_too_long_for_a_server_is_told_so()
    {
        var proxy = Start(PoolMode.Transaction, size: 1, wait: TimeSpan.FromSeconds(0.3));
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await using var transaction = await first.BeginTransactionAsync(Stop);
        await Queries.AskAsync(first, Pid);
        (await Should.ThrowAsync<PostgresException>(Queries.AskAsync(second, Pid))).SqlState.ShouldBe("53300");
    }

    [Fact]
    public async Task A_server_that_refuses_connections_is_asked_again()
    {
        var proxy = Start(PoolMode.Transaction, size: 1, loops: 1);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        // A port that was free a moment ago: connecting fails at once.
        using (var closed = new Deaf())
            proxy.Topology.Show(Led("n2", 8, Primary("n2", 8, closed.Port)));
        var waiting = Queries.AskAsync(connection, "SELECT 42");
        await Task.Delay(300, Stop);
        waiting.IsCompleted.ShouldBeFalse();
        ShowPrimary(proxy, term: 9);
        (await waiting).ShouldBe(42);
    }

    [Fact]
    public async Task A_statement_waits_while_nobody_leads()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(connection, Pid);
        proxy.Topology.Show(Leaderless(Primary("n1", 7, Postgres.Port)));
        var waiting = Queries.AskAsync(connection, "SELECT 42");
        await Task.Delay(100, Stop);
        waiting.IsCompleted.ShouldBeFalse();
        ShowPrimary(proxy, term: 8);
        (await waiting).ShouldBe(42);
    }

    [Fact]
    public async Task A_terminated_server_is_told_of_without_an_end_of_the_session()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await using var watcher = await OpenAsync(Postgres.Port);
        await using var command = new NpgsqlCommand("SELECT pg_sleep($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = 60 });
        await Queries.AskAsync(connection, "BEGIN");
        var query = command.ExecuteScalarAsync(Stop);
        const string Terminate =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        // Of other tests somebody may still sleep, whose client is gone.
        while (!query.IsCompleted)
            await Queries.AskAsync(watcher, Terminate);
        (await Should.ThrowAsync<PostgresException>(query)).SqlState.ShouldBe("40001");
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    // Its last words come while nobody has it.
    [Fact]
    public async Task A_server_that_is_terminated_at_rest_is_nobodys_next()
    {
        var proxy = Start(PoolMode.Transaction, size: 2, loops: 1);
        await using var watcher = await OpenAsync(Postgres.Port);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        for (var turn = 0; turn < 5; turn++)
        {
            var pid = await Queries.AskAsync(first, Pid);
            (await Queries.AskAsync(watcher, $"SELECT pg_terminate_backend({pid}, 10000)")).ShouldBe(true);
            (await Queries.AskAsync(first, "SELECT 42")).ShouldBe(42);
            (await Queries.AskAsync(second, "SELECT 43")).ShouldBe(43);
        }
    }

    [Fact]
    public async Task A_lost_server_is_told_of_by_what_was_open()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var idle = await OpenAsync(proxy.PrimaryPort);
        await using var open = await OpenAsync(proxy.PrimaryPort);
        await using var busy = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(idle, Pid);
        await Queries.AskAsync(open, "BEGIN");
        var query = Queries.AskAsync(busy, "SELECT pg_sleep(60)");
        await Task.Delay(100, Stop);
        proxy.Topology.Show(Led("n2", 8, Replica("n1", Postgres.Port)));
        (await Should.ThrowAsync<PostgresException>(query)).SqlState.ShouldBe("08007");
        (await Should.ThrowAsync<PostgresException>(Queries.AskAsync(open, "SELECT 1"))).SqlState.ShouldBe("40001");
        ShowPrimary(proxy, term: 9);
        (await Queries.AskAsync(idle, "SELECT 42")).ShouldBe(42);
        (await Queries.AskAsync(open, "SELECT 42")).ShouldBe(42);
        (await Queries.AskAsync(busy, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task Large_rows_and_statements_pass()
    {
        var proxy = Start(PoolMode.Transaction, size: 1);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        const int Bytes = 64 * 1024 * 1024;
        ((string)(await Queries.AskAsync(connection, $"SELECT repeat('x', {Bytes})"))!).Length.ShouldBe(Bytes);
        await using var command = new NpgsqlCommand("SELECT length($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = new string('y', Bytes) });
        (await command.ExecuteScalarAsync(Stop)).ShouldBe(Bytes);
        var text = new string('z', 3 * 1024 * 1024);
        (await Queries.AskAsync(connection, $"SELECT length('{text}')")).ShouldBe(text.Length);
    }
}
