using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;
using static Holdfast.FunctionalTests.PgProxy.Pooled.Shell;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>The programs and drivers that people use, through both ports in both modes. Npgsql has its own
/// tests.</summary>
public sealed class ClientsTests(PostgresPair postgres) : PooledPair(postgres)
{
    const string IsStandby = "SELECT 40 + 2, pg_is_in_recovery()";

    static string Clients => Path.Combine(Root, "tests/Holdfast.FunctionalTests/PgProxy/Clients");
    static string NodeModules => Path.Combine(Root, "artifacts/clients/node_modules");

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Psql_works(PoolMode mode)
    {
        var proxy = Start(mode);
        foreach (var tls in (string[])["disable", "prefer"])
        {
            (await Queries.PsqlAsync(proxy.PrimaryPort, tls, IsStandby)).ShouldBe((0, "42|f\n", ""));
            (await Queries.PsqlAsync(proxy.ReplicasPort, tls, IsStandby)).ShouldBe((0, "42|t\n", ""));
        }
    }

    // What psql does beyond a statement: cursors (FETCH_COUNT), \copy both ways, variables, \gexec, an error inside.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_psql_script_works(PoolMode mode)
    {
        var proxy = Start(mode, size: 1);
        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, """
            DROP TABLE IF EXISTS script;
            CREATE TABLE script (id int PRIMARY KEY, text text);
            \copy script FROM PROGRAM 'seq 1 1000 | sed s/$/,row/' CSV
            BEGIN;
            SAVEPOINT here;
            INSERT INTO script VALUES (1, 'twice');
            ROLLBACK TO here;
            INSERT INTO script VALUES (1001, 'last');
            COMMIT;
            \set FETCH_COUNT 100
            SELECT id FROM script ORDER BY id OFFSET 999;
            SELECT format('SELECT count(*) FROM %I', 'script') \gexec
            \copy (SELECT * FROM script WHERE id > 999 ORDER BY id) TO STDOUT

            """, Stop);
        var (exit, output) = await RunAsync($"psql -XAtq '{Url(proxy.PrimaryPort)}' -f {script}");
        File.Delete(script);
        exit.ShouldBe(0, output);
        output.Split('\n')[^6..].ShouldBe(["1000", "1001", "1001", "1000\trow", "1001\tlast", ""]);
        output.ShouldContain("duplicate key");
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
        await Postgres.StandbyHasAllAsync();
        report = await PgbenchAsync(
            proxy.ReplicasPort, "-n", "-S", "-c", "8", "-j", "2", "-t", "100", "-M", protocol);
        report.ShouldContain("number of transactions actually processed: 800/800");
        report.ShouldContain("number of failed transactions: 0");
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_connection_for_each_transaction_works(PoolMode mode)
    {
        var proxy = Start(mode, size: 2);
        await PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "1");
        await Postgres.StandbyHasAllAsync();
        foreach (var port in (int[])[proxy.PrimaryPort, proxy.ReplicasPort])
        {
            var report = await PgbenchAsync(port, "-n", "-S", "-C", "-c", "4", "-t", "50");
            report.ShouldContain("number of transactions actually processed: 200/200");
        }
    }

    // Pipelines of libpq, in which pgbench sends one Sync for many statements.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_pipeline_of_pgbench_works(PoolMode mode)
    {
        var proxy = Start(mode, size: 4);
        var script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, """
            \startpipeline
            SELECT 1;
            SELECT :client_id AS two;
            SELECT repeat('x', 10000);
            \endpipeline
            """, Stop);
        foreach (var port in (int[])[proxy.PrimaryPort, proxy.ReplicasPort])
        {
            foreach (var protocol in (string[])["extended", "prepared"])
            {
                (await PgbenchAsync(port, "-n", "-c", "4", "-t", "50", "-M", protocol, "-f", script))
                    .ShouldContain("number of transactions actually processed: 200/200");
            }
        }
        File.Delete(script);
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Psycopg2_works(PoolMode mode)
    {
        var proxy = Start(mode, size: 2);
        // The distribution's Python has the distribution's psycopg2.
        (await RunAsync($"/usr/bin/python3 '{Clients}/driver.py' {proxy.PrimaryPort} {proxy.ReplicasPort}"))
            .ShouldBe((0, "ok\n"));
    }

    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task Nodes_pg_works(PoolMode mode)
    {
        Assert.SkipUnless(
            Directory.Exists(NodeModules), $"no {NodeModules}: ./test installs it where npm reaches its registry");
        // Its pool has ten connections, which a session's server each wants.
        var proxy = Start(mode, size: mode == PoolMode.Session ? 12 : 2);
        (await RunAsync($"NODE_PATH='{NodeModules}' timeout 60 node '{Clients}/driver.js' "
            + $"{proxy.PrimaryPort} {proxy.ReplicasPort}")).ShouldBe((0, "ok\n"));
    }

    // In one pipe, from either port into another database.
    [Theory, InlineData(PoolMode.Session), InlineData(PoolMode.Transaction)]
    public async Task A_dump_can_be_restored(PoolMode mode)
    {
        var proxy = Start(mode, size: 2);
        await PgbenchAsync(proxy.PrimaryPort, "-i", "-q", "-s", "1");
        await Postgres.StandbyHasAllAsync();
        foreach (var (number, port) in ((int[])[proxy.PrimaryPort, proxy.ReplicasPort]).Index())
        {
            var copy = $"copy_{mode}_{number}".ToLowerInvariant();
            (await Queries.PsqlAsync(proxy.PrimaryPort, "disable", $"CREATE DATABASE {copy}")).Exit.ShouldBe(0);
            (await RunAsync(
                $"pg_dump -Fc -t 'pgbench_*' '{Url(port)}' | pg_restore -d '{Url(proxy.PrimaryPort, copy)}'"))
                .ShouldBe((0, ""));
            (await RunAsync($"psql -XAt '{Url(proxy.PrimaryPort, copy)}' -c 'SELECT count(*) FROM pgbench_accounts'"))
                .ShouldBe((0, "100000\n"));
        }
    }
}
