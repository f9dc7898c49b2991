using System.Diagnostics;
using Holdfast.FunctionalTests.PgProxy.Pooled;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Admin;

/// <summary>PgBouncer's console, to those who know it.</summary>
public sealed class ConsoleTests(RealPostgres postgres, RealPgBouncer pgBouncer)
    : PooledPostgres(postgres), IClassFixture<RealPgBouncer>
{
    [Theory]
    [InlineData("POOLS"), InlineData("CLIENTS"), InlineData("SERVERS"), InlineData("STATS")]
    [InlineData("STATS_TOTALS"), InlineData("STATS_AVERAGES"), InlineData("TOTALS"), InlineData("LISTS")]
    [InlineData("DATABASES"), InlineData("USERS"), InlineData("CONFIG"), InlineData("VERSION")]
    [InlineData("DNS_HOSTS"), InlineData("DNS_ZONES")]
    public async Task Its_columns_begin_with_those_of_PgBouncer(string what)
    {
        var proxy = Start(PoolMode.Transaction);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        var theirs = await ColumnsAsync(pgBouncer.Port, $"SHOW {what}");
        var ours = await ColumnsAsync(proxy.PrimaryPort, $"SHOW {what}");
        theirs.Length.ShouldBeGreaterThan(0);
        ours.Take(theirs.Length).ShouldBe(theirs);
    }

    [Theory, InlineData("TOTALS"), InlineData("LISTS")]
    public async Task Its_rows_are_those_of_PgBouncer(string what)
    {
        var proxy = Start(PoolMode.Transaction);
        var (theirs, ours) = (
            await AskAsync(pgBouncer.Port, $"SHOW {what}"), await AskAsync(proxy.PrimaryPort, $"SHOW {what}"));
        Names(ours.Output).ShouldBe(Names(theirs.Output));

        static string[] Names(string rows) =>
            [.. rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split('|')[0])];
    }

    [Fact]
    public async Task Both_ports_and_both_names_lead_to_it()
    {
        var proxy = Start(PoolMode.Session);
        foreach (var port in new[] { proxy.PrimaryPort, proxy.ReplicasPort })
        {
            foreach (var database in new[] { "pgbouncer", "holdfast" })
            {
                var (exit, output, error) = await Queries.PsqlAsync(
                    port, "disable", "SHOW VERSION", "postgres", database, "-XAt");
                (exit, error).ShouldBe((0, ""));
                output.ShouldStartWith("PgBouncer 1.18.0 (Holdfast ");
            }
        }
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SHOW HELP", "postgres", "pgbouncer", "-XAt"))
            .Error.ShouldContain("KILL_CLIENT <ptr>");
    }

    [Fact]
    public async Task Who_is_not_named_may_not_come_in_and_who_may_look_may_not_order()
    {
        var proxy = Start(PoolMode.Transaction);
        var refused = await Queries.PsqlAsync(
            proxy.PrimaryPort, "disable", "SHOW POOLS", "nobody", "pgbouncer", "-XAt");
        refused.Exit.ShouldBe(2);
        refused.Error.ShouldContain("is in none of pgproxy.admin_users and pgproxy.stats_users");
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SHOW POOLS", "watcher", "pgbouncer", "-XAt"))
            .Exit.ShouldBe(0);
        var order = await Queries.PsqlAsync(
            proxy.PrimaryPort, "disable", "PAUSE", "watcher", "pgbouncer", "-XAtvVERBOSITY=verbose");
        order.Error.ShouldContain("42501");
        // The name is only the console's for those who may use it.
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT 1", "nobody", "holdfast", "-XAt"))
            .Error.ShouldNotContain("admin_users");
    }

    [Theory]
    [InlineData("SHWO POOLS", "42601", "did you mean 'SHOW'?")]
    [InlineData("SHOW POLLS", "42601", "did you mean 'POOLS'?")]
    [InlineData("PUASE", "42601", "did you mean 'PAUSE'?")]
    [InlineData("PAUSE postgers", "3D000", "did you mean 'postgres'?")]
    [InlineData("PAUSE postgres now", "42601", "PAUSE does not take 'now'")]
    [InlineData("KILL", "42601", "Expected KILL database")]
    [InlineData("KILL_CLIENT first", "42601", "is no ptr")]
    [InlineData("KILL_CLIENT 0x1", "42704", "no client has the ptr 0x1")]
    [InlineData("RESUME", "55000", "is not paused")]
    [InlineData("SUSPEND", "0A000", "--take-over")]
    [InlineData("SHOW FDS", "0A000", "--take-over")]
    [InlineData("SET default_pool_size = 3", "0A000", "change the cluster file, then RELOAD")]
    [InlineData("KILL \"post", "42601", "a quote has no end")]
    [InlineData("RELOAD", "0A000", "started without a file")]
    public async Task A_command_that_is_none_is_told_why(string command, string sqlState, string why)
    {
        var proxy = Start(PoolMode.Transaction);
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await using var console = await ConsoleAsync(proxy.PrimaryPort);
        var refused = await Should.ThrowAsync<PostgresException>(() => Queries.AskAsync(console, command));
        refused.SqlState.ShouldBe(sqlState);
        refused.MessageText.ShouldContain(why);
        (await Queries.AskAsync(console, "SHOW STATE")).ShouldBe("active");
    }

    [Fact]
    public async Task A_driver_of_the_extended_protocol_reads_it()
    {
        var proxy = Start(PoolMode.Transaction);
        await using var client = await OpenAsync(proxy.PrimaryPort, "Application Name=reader");
        await Queries.AskAsync(client, "SELECT 1");
        await using var console = await ConsoleAsync(proxy.PrimaryPort);
        await using var command = new NpgsqlCommand("SHOW POOLS", console);
        await using var reader = await command.ExecuteReaderAsync(Stop);
        (await reader.ReadAsync(Stop)).ShouldBeTrue();
        (reader.GetString(0), reader.GetString(1)).ShouldBe(("postgres", "postgres"));
        (reader.GetInt32(2), reader.GetInt32(reader.GetOrdinal("sv_idle"))).ShouldBe((1, 1));
        (await reader.ReadAsync(Stop)).ShouldBeTrue();
        reader.GetString(0).ShouldBe("pgbouncer");
    }

    [Fact]
    public async Task Psycopg2_reads_it_in_a_transaction_of_its_own()
    {
        var proxy = Start(PoolMode.Transaction);
        var start = new ProcessStartInfo("/usr/bin/python3", ["-c", $"""
            import psycopg2
            console = psycopg2.connect(host="127.0.0.1", port={proxy.PrimaryPort}, user="postgres",
                password="{RealPostgres.Password}", dbname="pgbouncer", sslmode="disable")
            cursor = console.cursor()
            cursor.execute("SHOW LISTS")
            print(dict(cursor.fetchall())["used_clients"])
            console.commit()
            """])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var python = Process.Start(start)!;
        var (output, error) = (python.StandardOutput.ReadToEndAsync(Stop), python.StandardError.ReadToEndAsync(Stop));
        await python.WaitForExitAsync(Stop);
        (await output, await error).ShouldBe(("1\n", ""));
    }

    [Fact]
    public async Task It_tells_what_clients_and_servers_do()
    {
        var proxy = Start(PoolMode.Transaction, size: 1, loops: 1);
        await using var holder = await OpenAsync(proxy.PrimaryPort, "Application Name=holder");
        await using var waiter = await OpenAsync(proxy.PrimaryPort, "Application Name=waiter");
        await using var transaction = await holder.BeginTransactionAsync(Stop);
        var pid = (int)(await Queries.AskAsync(holder, "SELECT pg_backend_pid()"))!;
        var waiting = Queries.AskAsync(waiter, "SELECT 1");
        await using var console = await ConsoleAsync(proxy.PrimaryPort);
        var clients = await UntilAsync(console, "SHOW CLIENTS", rows => rows.Exists(row => row["state"] is "waiting"));
        clients.Single(row => row["state"] is "waiting")["application_name"].ShouldBe("waiter");
        var server = (await RowsAsync(console, "SHOW SERVERS")).ShouldHaveSingleItem();
        (server["state"], server["remote_pid"], server["in_transaction"], server["host"])
            .ShouldBe(("active", pid, 1, "n1"));
        server["link"].ShouldBe(clients.Single(row => row["application_name"] is "holder")["ptr"]);

        var ptr = (string)clients.Single(row => row["state"] is "waiting")["ptr"];
        await Queries.AskAsync(console, $"KILL_CLIENT {ptr}");
        (await Should.ThrowAsync<PostgresException>(() => waiting)).SqlState.ShouldBe("57P01");
        await transaction.CommitAsync(Stop);
    }

    // ---- steps ----

    static async Task<string[]> ColumnsAsync(int port, string command)
    {
        var (exit, output, error) = await Queries.PsqlAsync(
            port, "disable", command, "postgres", "pgbouncer", "-XAPfooter=off");
        (exit, error).ShouldBe((0, ""));
        return output.Split('\n')[0].Split('|');
    }

    static Task<(int Exit, string Output, string Error)> AskAsync(int port, string command) =>
        Queries.PsqlAsync(port, "disable", command, "postgres", "pgbouncer", "-XAt");

    internal static async Task<NpgsqlConnection> ConsoleAsync(int port)
    {
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(port)) { Database = "pgbouncer" };
        // The types of a database that is none can't be read.
        var connection = new NpgsqlConnection(
            $"{conninfo.ConnectionString};Server Compatibility Mode=NoTypeLoading");
        await connection.OpenAsync(Stop);
        return connection;
    }

    internal static async Task<List<Dictionary<string, object>>> RowsAsync(NpgsqlConnection console, string sql)
    {
        await using var command = new NpgsqlCommand(sql, console);
        await using var reader = await command.ExecuteReaderAsync(Stop);
        var rows = new List<Dictionary<string, object>>();
        while (await reader.ReadAsync(Stop))
        {
            rows.Add(Enumerable.Range(0, reader.FieldCount)
                .ToDictionary(reader.GetName, reader.GetValue, StringComparer.Ordinal));
        }
        return rows;
    }

    internal static async Task<List<Dictionary<string, object>>> UntilAsync(
        NpgsqlConnection console, string sql, Predicate<List<Dictionary<string, object>>> isSo)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var rows = await RowsAsync(console, sql);
            if (isSo(rows))
                return rows;
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(30), sql);
        }
    }
}
