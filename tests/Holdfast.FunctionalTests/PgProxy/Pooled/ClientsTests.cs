using System.Diagnostics;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using NpgsqlTypes;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>The programs that people use, through both modes.</summary>
public sealed class ClientsTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Psql_works_through_both_ports(PoolMode mode)
    {
        var proxy = Start(mode);
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT 40 + 2")).ShouldBe((0, "42\n", ""));
        (await Queries.PsqlAsync(proxy.ReplicasPort, "prefer", "SELECT 40 + 2")).ShouldBe((0, "42\n", ""));
    }

    [Theory]
    [InlineData(PoolMode.Session, "simple"), InlineData(PoolMode.Session, "extended")]
    [InlineData(PoolMode.Session, "prepared"), InlineData(PoolMode.Transaction, "simple")]
    [InlineData(PoolMode.Transaction, "extended"), InlineData(PoolMode.Transaction, "prepared")]
    public async Task Pgbench_works(PoolMode mode, string protocol)
    {
        // pgbench prepares a client's statement while its others stand still, transactions and all.
        var proxy = Start(mode, size: mode == PoolMode.Session || protocol == "prepared" ? 8 : 3);
        await PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "1");
        var report = await PgbenchAsync(
            proxy.PrimaryPort, "-n", "-c", "8", "-j", "2", "-t", "40", "-M", protocol);
        report.ShouldContain("number of transactions actually processed: 320/320");
        report.ShouldContain("number of failed transactions: 0");
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_connection_for_each_transaction_works(PoolMode mode)
    {
        var proxy = Start(mode, size: 2);
        await PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "1");
        var report = await PgbenchAsync(proxy.PrimaryPort, "-n", "-S", "-C", "-c", "4", "-t", "50");
        report.ShouldContain("number of transactions actually processed: 200/200");
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Npgsql_prepares_pipelines_and_copies(PoolMode mode)
    {
        var proxy = Start(mode);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS copied (id int, text text); TRUNCATE copied");
        await using (var import = await connection.BeginBinaryImportAsync(
            "COPY copied FROM STDIN (FORMAT binary)", Stop))
        {
            for (var row = 0; row < 5000; row++)
            {
                await import.StartRowAsync(Stop);
                await import.WriteAsync(row, NpgsqlDbType.Integer, Stop);
                await import.WriteAsync($"row {row}", NpgsqlDbType.Text, Stop);
            }
            (await import.CompleteAsync(Stop)).ShouldBe(5000ul);
        }
        using (var reader = await connection.BeginTextExportAsync("COPY copied TO STDOUT", Stop))
            (await reader.ReadToEndAsync(Stop)).Split('\n').Length.ShouldBe(5001);

        await using var prepared = new NpgsqlCommand("SELECT text FROM copied WHERE id = $1", connection);
        prepared.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 7 });
        await prepared.PrepareAsync(Stop);
        for (var turn = 0; turn < 20; turn++)
            (await prepared.ExecuteScalarAsync(Stop)).ShouldBe("row 7");

        await using var batch = new NpgsqlBatch(connection);
        for (var turn = 0; turn < 50; turn++)
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"SELECT {turn}"));
        await using var results = await batch.ExecuteReaderAsync(Stop);
        for (var turn = 0; turn < 50; turn++)
        {
            (await results.ReadAsync(Stop)).ShouldBeTrue();
            results.GetInt32(0).ShouldBe(turn);
            await results.NextResultAsync(Stop);
        }
    }

    [Fact]
    public async Task Npgsql_multiplexes_over_prepared_statements()
    {
        var proxy = Start(PoolMode.Transaction, size: 3);
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(proxy.PrimaryPort))
        {
            Pooling = true,
            Multiplexing = true,
            MaxAutoPrepare = 10,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 6,
        };
        await using var source = NpgsqlDataSource.Create(conninfo.ConnectionString);
        var sums = await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            await using var command = source.CreateCommand($"SELECT $1 + {number % 7}");
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = number });
            return (int)(await command.ExecuteScalarAsync(Stop))! - number - (number % 7);
        }));
        sums.ShouldAllBe(rest => rest == 0);
    }

    // Its reset goes together with the next use's first message.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Npgsql_pools_and_prepares_on_top(PoolMode mode)
    {
        var proxy = Start(mode, size: mode == PoolMode.Session ? 8 : 2);
        var conninfo = new NpgsqlConnectionStringBuilder(RealPostgres.Conninfo(proxy.PrimaryPort))
        {
            Pooling = true,
            MaxAutoPrepare = 16,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 6,
        };
        await using var source = NpgsqlDataSource.Create(conninfo.ConnectionString);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async number =>
        {
            for (var turn = 0; turn < 50; turn++)
            {
                await using var connection = await source.OpenConnectionAsync(Stop);
                (await Queries.AskAsync(connection, $"SELECT {turn % 5}")).ShouldBe(turn % 5);
                await using var command = new NpgsqlCommand("SELECT $1 + 1", connection);
                command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = number });
                (await command.ExecuteScalarAsync(Stop)).ShouldBe(number + 1);
            }
        }));
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_dump_can_be_restored(PoolMode mode)
    {
        var proxy = Start(mode, size: 2);
        await PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "1");
        var url = $"postgres://postgres@127.0.0.1:{proxy.PrimaryPort}/postgres?sslmode=disable";
        // Not in one pipe: the tables that are dropped are locked until all of the dump is read.
        var file = Path.GetTempFileName();
        var (exit, output) = await ShellAsync(
            $"pg_dump -Fc -t 'pgbench_*' '{url}' >{file} && pg_restore --clean --if-exists -d '{url}' {file}");
        File.Delete(file);
        (exit, output).ShouldBe((0, ""));
        (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", "SELECT count(*) FROM pgbench_accounts"))
            .ShouldBe((0, "100000\n", ""));
    }

    static async Task<string> PgbenchAsync(int port, params string[] arguments)
    {
        var (exit, output) = await ShellAsync(
            $"pgbench -h 127.0.0.1 -p {port} -U postgres {string.Join(' ', arguments)} postgres");
        exit.ShouldBe(0, output);
        return output;
    }

    static async Task<(int Exit, string Output)> ShellAsync(string command)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"{{ {command}; }} 2>&1"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        start.Environment["PGPASSWORD"] = RealPostgres.Password;
        start.Environment["PGSSLMODE"] = "disable";
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync(Stop);
        await shell.WaitForExitAsync(Stop);
        return (shell.ExitCode, output);
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }
}
