using Holdfast.FunctionalTests.PgProxy;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Bingo;

[Collection(BingoFixture.Collection)]
public sealed class PrepareDbTests(BingoFixture fixture) : IAsyncLifetime
{
    const string Contents = """
        SELECT md5(string_agg(t::text, '|' ORDER BY kind, id)) FROM (
          SELECT 1 AS kind, id, movie::text AS t FROM movie
          UNION ALL SELECT 2, id, customer::text FROM customer
          UNION ALL SELECT 3, id, session::text FROM session) everything
        """;

    readonly BingoProgram _bingo = new();
    readonly List<string> _databases = [];

    string Conninfo => RealPostgres.Conninfo(fixture.Postgres.Port);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_second_run_has_nothing_to_do_and_says_so()
    {
        await UseNewDatabaseAsync();
        var first = await _bingo.PrepareAsync("--scale", "0.01");
        (first.Code, first.Errors).ShouldBe((0, ""));
        first.Output.ShouldStartWith("prepare_db: 0 % (movies)\n");
        first.Output.ShouldContain("\nprepare_db: 100 % (done)\n");
        first.Output.ShouldContain("bingo: prepared 100 movies, 500 customers and 10000 sessions in ");
        (await _bingo.PrepareAsync("--scale", "0.01")).ShouldBe(new BingoRun(0,
            "bingo: the database is prepared already: 100 movies, 500 customers and 10000 sessions; nothing to do\n",
            ""));
        (await _bingo.PrepareAsync("--scale", "0.02")).Output.ShouldStartWith(
            "bingo: the database is prepared already, with other amounts: 100 movies, 500 customers and 10000 "
            + "sessions; nothing was changed");
    }

    [Fact]
    public async Task Two_databases_get_the_same_rows_also_when_prepared_by_two_at_once()
    {
        var one = await UseNewDatabaseAsync();
        var both = await Task.WhenAll(
            _bingo.PrepareAsync("--scale", "0.005"), _bingo.PrepareAsync("--scale", "0.005"));
        both.ShouldAllBe(run => run.Code == 0);
        both.Count(run => run.Output.Contains("nothing to do", StringComparison.Ordinal)).ShouldBe(1);
        var other = await UseNewDatabaseAsync();
        (await _bingo.PrepareAsync("--scale", "0.005")).Code.ShouldBe(0);
        (await AskAsync(one, Contents)).ShouldBe(await AskAsync(other, Contents));
        (await AskAsync(one, "SELECT count(*) FROM session")).ShouldBe(5000L);
    }

    [Fact]
    public async Task A_run_that_was_cut_leaves_nothing_and_the_next_one_is_whole()
    {
        var database = await UseNewDatabaseAsync();
        await using var cutter = await ConnectAsync("postgres");
        var run = _bingo.PrepareAsync("--scale", "1");
        await Wait.UntilAsync(() => Cut(cutter, database), "the run copies sessions");
        var cut = await run;
        cut.Code.ShouldBe(1);
        cut.Errors.ShouldStartWith($"bingo prepare_db: the database at 127.0.0.1:{fixture.Postgres.Port} failed: ");
        cut.Errors.ShouldEndWith(". Nothing was kept; run it again.\n");
        (await AskAsync(database, "SELECT to_regclass('movie')::text")).ShouldBe(DBNull.Value);
        (await _bingo.PrepareAsync("--scale", "0.001")).Code.ShouldBe(0);
        (await AskAsync(database, "SELECT count(*) FROM session")).ShouldBe(1000L);
    }

    [Fact]
    public async Task Tables_of_somebody_else_are_not_touched()
    {
        var database = await UseNewDatabaseAsync();
        await AskAsync(database, "CREATE TABLE movie (mine text)");
        (await _bingo.PrepareAsync()).ShouldBe(new BingoRun(1, "",
            $"bingo prepare_db: relation \"movie\" already exists in database {database}, and no mark of an earlier "
            + "prepare_db: it is somebody else's. Name another database, or drop it.\n"));
    }

    [Fact]
    public async Task It_waits_for_its_database_as_long_as_it_is_told()
    {
        await _bingo.ConfigureAsync(BingoProgram.Config(9));
        (await _bingo.PrepareAsync("--wait", "300ms")).ShouldBe(new BingoRun(1, "",
            "bingo: waiting for the database at 127.0.0.1:9: connection refused\n"
            + "bingo prepare_db: no database at 127.0.0.1:9 within 0.3 s: connection refused. See that it runs, and "
            + "that 'postgres' of the configuration names it.\n"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases)
            await AskAsync("postgres", $"DROP DATABASE {database} WITH (FORCE)");
        await _bingo.DisposeAsync();
    }

    static bool Cut(NpgsqlConnection connection, string database)
    {
        using var command = new NpgsqlCommand(
            $"""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = '{database}' AND query LIKE 'COPY session %'
            """, connection);
        return command.ExecuteScalar() is true;
    }

    async Task<string> UseNewDatabaseAsync()
    {
        var name = $"bingo_{Guid.NewGuid():N}";
        await AskAsync("postgres", $"CREATE DATABASE {name}");
        _databases.Add(name);
        await _bingo.ConfigureAsync(BingoProgram.Config(fixture.Postgres.Port, database: name));
        return name;
    }

    async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Conninfo) { Database = database }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    async Task<object?> AskAsync(string database, string sql)
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
