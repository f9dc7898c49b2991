using System.Diagnostics;
using System.Globalization;
using Holdfast.Doubles.PgProxy;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What may last so long and no longer, and what servers are told between two sessions.</summary>
public sealed class TimesTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Pid = "SELECT pg_backend_pid()";

    static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);

    static readonly PoolSettings s_one = new()
    {
        Mode = PoolMode.Transaction,
        Size = 1,
        Loops = 1,
        AsksPassword = false,
    };

    static async Task<RawClient> LoginAsync(ProxyUnderTest proxy)
    {
        var client = await RawClient.ConnectAsync(proxy.PrimaryPort);
        await client.SendAsync(RawClient.Startup("postgres", "postgres"));
        await client.UntilReadyAsync();
        return client;
    }

    static async Task<string> AskAsync(RawClient client, string sql)
    {
        await client.SendAsync(FakePostgres.Message('Q', System.Text.Encoding.ASCII.GetBytes(sql + "\0")));
        return await client.UntilReadyAsync();
    }

    static int Servers(ProxyUnderTest proxy) => proxy.Server.Pooled!.Directory.All.Sum(pool => pool.Servers);

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_query_that_runs_for_too_long_is_cancelled_and_its_session_goes_on(PoolMode mode)
    {
        var proxy = Start(s_one with { Mode = mode, QueryTimeout = s_moment });
        await using var client = await OpenAsync(proxy.PrimaryPort);
        for (var turn = 0; turn < 2; turn++)
        {
            (await Should.ThrowAsync<PostgresException>(Queries.AskAsync(client, "SELECT pg_sleep(600)")))
                .SqlState.ShouldBe("57014");
            (await Queries.AskAsync(client, "SELECT 42")).ShouldBe(42);
        }
    }

    [Fact]
    public async Task A_query_that_can_not_be_cancelled_ends_its_session()
    {
        var proxy = Start(s_one with { QueryTimeout = TimeSpan.FromSeconds(1) });
        await using var client = await OpenAsync(proxy.PrimaryPort);
        var pid = (int)(await Queries.AskAsync(client, Pid))!;
        await SignalAsync("STOP", pid);
        try
        {
            var ended = await Should.ThrowAsync<PostgresException>(Queries.AskAsync(client, "SELECT 42"));
            (ended.SqlState, ended.Severity).ShouldBe(("57014", "FATAL"));
            await using var next = await OpenAsync(proxy.PrimaryPort);
            (await Queries.AskAsync(next, Pid)).ShouldNotBe(pid);
        }
        finally
        {
            await SignalAsync("CONT", pid);
        }
    }

    static async Task SignalAsync(string signal, int pid)
    {
        using var kill = Process.Start("kill", [$"-{signal}", pid.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Stop);
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_transaction_that_is_left_open_is_ended(PoolMode mode)
    {
        var proxy = Start(s_one with { Mode = mode, IdleTransactionTimeout = s_moment });
        using var client = await LoginAsync(proxy);
        (await AskAsync(client, "BEGIN")).ShouldBe("CZT");
        (await client.ErrorAsync()).Code.ShouldBe("25P03");
        await using var next = await OpenAsync(proxy.PrimaryPort);
        (await Queries.AskAsync(next, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task A_unit_that_is_not_ended_counts_as_a_transaction()
    {
        var proxy = Start(s_one with { IdleTransactionTimeout = s_moment });
        using var client = await LoginAsync(proxy);
        await client.SendAsync(FakePostgres.Message('P', [0, .. "SELECT 1\0"u8, 0, 0]));
        await client.SendAsync(FakePostgres.Message('H', []));
        (await client.MessageAsync()).Tag.ShouldBe('1');
        (await client.ErrorAsync()).Code.ShouldBe("25P03");
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_silent_client_is_ended_and_one_with_something_open_is_not(PoolMode mode)
    {
        var proxy = Start(s_one with { Mode = mode, Size = 3, ClientIdleTimeout = TimeSpan.FromSeconds(0.5) });
        using var never = await LoginAsync(proxy);
        using var once = await LoginAsync(proxy);
        using var open = await LoginAsync(proxy);
        (await AskAsync(open, "BEGIN")).ShouldBe("CZT");
        await AskAsync(once, "SELECT 1");
        (await once.ErrorAsync()).Code.ShouldBe("57P05");
        (await never.ErrorAsync()).Code.ShouldBe("57P05");
        (await AskAsync(open, "COMMIT")).ShouldBe("CZI");
        (await open.ErrorAsync()).Code.ShouldBe("57P05");
    }

    [Fact]
    public async Task A_server_that_nobody_needs_is_closed()
    {
        var proxy = Start(s_one with { ServerIdleTimeout = s_moment });
        await using var client = await OpenAsync(proxy.PrimaryPort);
        var pid = await Queries.AskAsync(client, Pid);
        await Wait.UntilAsync(() => Servers(proxy) == 0, "closed");
        (await Queries.AskAsync(client, Pid)).ShouldNotBe(pid);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_old_server_is_closed_when_nobody_has_it(bool isBusy)
    {
        var proxy = Start(s_one with { ServerLifetime = s_moment });
        await using var client = await OpenAsync(proxy.PrimaryPort);
        var pid = await Queries.AskAsync(client, Pid);
        if (isBusy)
            (await Queries.AskAsync(client, "SELECT pg_sleep(1) IS NULL")).ShouldBe(false);
        else
            await Wait.UntilAsync(() => Servers(proxy) == 0, "closed");
        (await Queries.AskAsync(client, Pid)).ShouldNotBe(pid);
    }

    [Theory]
    [InlineData("", true, true)]
    [InlineData("DISCARD ALL", false, true)]
    [InlineData("RESET ALL", true, true)]
    [InlineData("DISCARD TEMP; RESET ALL", false, true)]
    [InlineData("SELECT 1/0", false, false)]
    [InlineData("BEGIN", false, false)]
    public async Task A_session_is_followed_by_the_reset_that_is_set(string reset, bool isTableKept, bool isServerKept)
    {
        var proxy = Start(s_one with { Mode = PoolMode.Session, ResetQuery = reset });
        int pid;
        await using (var first = await OpenAsync(proxy.PrimaryPort))
        {
            pid = (int)(await Queries.AskAsync(first, Pid))!;
            await Queries.AskAsync(first, "CREATE TEMP TABLE mine (id int)");
        }
        await using var second = await OpenAsync(proxy.PrimaryPort);
        (await Queries.AskAsync(second, "SELECT to_regclass('mine') IS NOT NULL")).ShouldBe(isTableKept);
        ((int)(await Queries.AskAsync(second, Pid))! == pid).ShouldBe(isServerKept);
    }

    [Fact]
    public async Task Without_a_reset_a_server_with_state_is_closed_in_transaction_mode()
    {
        var proxy = Start(s_one with { ResetQuery = "" });
        int pid;
        await using (var first = await OpenAsync(proxy.PrimaryPort))
        {
            pid = (int)(await Queries.AskAsync(first, Pid))!;
            await Queries.AskAsync(first, "CREATE TEMP TABLE mine (id int)");
        }
        await using var second = await OpenAsync(proxy.PrimaryPort);
        ((int)(await Queries.AskAsync(second, Pid))!).ShouldNotBe(pid);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_transaction_is_followed_by_the_reset_where_it_always_is(bool isAlways)
    {
        var proxy = Start(s_one with { ResetsAlways = isAlways });
        await using var direct = await OpenAsync(Postgres.Port);
        await Queries.AskAsync(direct, """
            CREATE OR REPLACE FUNCTION hides() RETURNS void LANGUAGE plpgsql AS $$
            BEGIN PERFORM set_config('work_mem', '7MB', false); END $$
            """);
        await using var first = await OpenAsync(proxy.PrimaryPort);
        await using var second = await OpenAsync(proxy.PrimaryPort);
        await using var prepared = new NpgsqlCommand("SELECT $1 + 1", first);
        prepared.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 41 });
        await prepared.PrepareAsync(Stop);
        await Queries.AskAsync(first, "SELECT hides()");
        (await Queries.AskAsync(second, "SELECT current_setting('work_mem') = '7MB'")).ShouldBe(!isAlways);
        for (var turn = 0; turn < 3; turn++)
            (await prepared.ExecuteScalarAsync(Stop)).ShouldBe(42);
    }
}
