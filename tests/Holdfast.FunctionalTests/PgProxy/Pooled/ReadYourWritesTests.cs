using System.Text.RegularExpressions;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>Reads on the replica port that must show what was written on the primary port, with a standby that is told
/// when to replay.</summary>
public sealed class ReadYourWritesTests(PostgresPair postgres) : PooledPair(postgres), IAsyncLifetime
{
    const string Insert = "INSERT INTO own VALUES (1)", Count = "SELECT count(*) FROM own";
    const string Where = "SELECT inet_server_port() FROM (SELECT count(*) FROM own) AS seen";

    static readonly TimeSpan s_long = TimeSpan.FromSeconds(20), s_short = TimeSpan.FromMilliseconds(100);
    static readonly ReplicaSettings s_noFallback = new() { FallsBack = false };

    NpgsqlConnection _primary = null!, _standby = null!;

    public async ValueTask InitializeAsync()
    {
        _primary = await OpenAsync(Postgres.Primary.Port);
        _standby = await OpenAsync(Postgres.Standby.Port);
        await ExecuteAsync(_primary, "DROP TABLE IF EXISTS own; CREATE TABLE own (n int); "
            + "DROP ROLE IF EXISTS watcher; CREATE ROLE watcher LOGIN PASSWORD 'secret'; GRANT ALL ON own TO watcher");
        await ResumeAsync();
        await Postgres.StandbyHasAllAsync();
    }

    [Theory, InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Transaction, true)]
    [InlineData(PoolMode.Session, false), InlineData(PoolMode.Session, true)]
    public async Task A_read_waits_until_the_write_is_replayed(PoolMode mode, bool isTransaction)
    {
        var proxy = Start(mode, readYourWrites: s_long);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        (await Queries.AskAsync(reader, Count)).ShouldBe(0L);
        await PauseAsync();
        await ExecuteAsync(writer, isTransaction ? $"BEGIN; {Insert}; COMMIT" : Insert);
        if (isTransaction)
        {
            await ExecuteAsync(writer, "BEGIN");
            await ExecuteAsync(writer, Insert);
            await ExecuteAsync(writer, "COMMIT");
        }
        // A driver's first questions, several in one message, count as a write: the read above may have waited.
        var before = Sum(proxy, counts => counts.ReadsWaited);
        var read = Queries.AskAsync(reader, Count);
        await Wait.UntilAsync(
            () => read.IsCompleted || Sum(proxy, counts => counts.ReadsWaited) > before, "it waits");
        read.IsCompleted.ShouldBeFalse(read.IsCompleted ? $"{read.Exception} {await read}" : "");
        await ResumeAsync();
        (await read).ShouldBe(isTransaction ? 2L : 1L);
        Sum(proxy, counts => counts.ReadsPassedOver).ShouldBe(0);
    }

    [Theory, InlineData(PoolMode.Transaction), InlineData(PoolMode.Session)]
    public async Task Units_sent_at_once_show_what_units_sent_at_once_have_written(PoolMode mode)
    {
        var proxy = Start(mode, readYourWrites: s_long);
        using var writer = await Talk.LoginAsync(proxy.PrimaryPort);
        using var reader = await Talk.LoginAsync(proxy.ReplicasPort);
        await PauseAsync();
        await writer.SayAsync(Step.Units(2, Say.Query(Insert), Say.Query(Insert)));
        var read = reader.SayAsync(Step.Units(2, Say.Query(Count), Say.Query(Count)));
        await Wait.UntilAsync(
            () => read.IsCompleted || Sum(proxy, counts => counts.ReadsWaited) > 0, "it waits");
        read.IsCompleted.ShouldBeFalse();
        await ResumeAsync();
        await read;
        Regex.Count(reader.Heard, @"^D .*\\012$", RegexOptions.Multiline).ShouldBe(2, reader.Heard);
    }

    [Fact]
    public async Task Of_several_replicas_one_that_shows_it_serves()
    {
        await using var third = await Postgres.Primary.StartStandbyAsync();
        var proxy = Start(PoolMode.Transaction, readYourWrites: s_long, more: Replica("n3", third.Port));
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        await PauseAsync();
        for (var written = 1L; written <= 5; written++)
        {
            await ExecuteAsync(writer, Insert);
            (await Queries.AskAsync(reader, Where)).ShouldBe(third.Port);
            (await Queries.AskAsync(reader, Count)).ShouldBe(written);
        }
        Sum(proxy, counts => counts.ReadsPassedOver).ShouldBe(0);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_replica_that_is_too_late_is_passed_over_for_the_primary(bool isPrepared)
    {
        var proxy = Start(PoolMode.Transaction, readYourWrites: s_short);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        await using var where = new NpgsqlCommand(Where, reader);
        if (isPrepared)
            await where.PrepareAsync(Stop);
        (await where.ExecuteScalarAsync(Stop)).ShouldBe(Postgres.Standby.Port);
        await PauseAsync();
        await ExecuteAsync(writer, Insert);
        (await where.ExecuteScalarAsync(Stop)).ShouldBe(Postgres.Primary.Port);
        (await Queries.AskAsync(reader, Count)).ShouldBe(1L);
        Sum(proxy, counts => counts.ReadsPassedOver).ShouldBe(2);
        await ResumeAsync();
        await Postgres.StandbyHasAllAsync();
        (await where.ExecuteScalarAsync(Stop)).ShouldBe(Postgres.Standby.Port);
    }

    [Theory, InlineData(PoolMode.Transaction, true), InlineData(PoolMode.Session, true)]
    [InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Session, false)]
    public async Task Where_nobody_can_serve_it_the_read_is_an_error_and_the_session_goes_on(
        PoolMode mode, bool isSimple)
    {
        var proxy = Start(mode, readYourWrites: s_short, replicas: s_noFallback);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        await PauseAsync();
        await ExecuteAsync(writer, Insert);
        if (isSimple)
        {
            var (exit, _, error) = await Queries.PsqlAsync(proxy.ReplicasPort, "disable", Count);
            exit.ShouldBe(1);
            error.ShouldContain("read_your_writes");
        }
        var failure = await Should.ThrowAsync<PostgresException>(Queries.AskAsync(reader, Count));
        (failure.SqlState, failure.Severity).ShouldBe(("40001", "ERROR"));
        await ResumeAsync();
        await Postgres.StandbyHasAllAsync();
        (await Queries.AskAsync(reader, Count)).ShouldBe(1L);
    }

    [Fact]
    public async Task An_open_transaction_goes_on_and_the_next_one_waits()
    {
        var proxy = Start(PoolMode.Transaction, readYourWrites: s_short, replicas: s_noFallback);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        await PauseAsync();
        await ExecuteAsync(reader, "BEGIN");
        await ExecuteAsync(writer, Insert);
        (await Queries.AskAsync(reader, Count)).ShouldBe(0L);
        await ExecuteAsync(reader, "COMMIT");
        (await Should.ThrowAsync<PostgresException>(ExecuteAsync(reader, "BEGIN"))).SqlState.ShouldBe("40001");
    }

    [Fact]
    public async Task Another_users_reads_wait_for_nothing()
    {
        var proxy = Start(PoolMode.Transaction, readYourWrites: s_long);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await PauseAsync();
        await ExecuteAsync(writer, Insert);
        (await WatcherAsync(proxy.ReplicasPort, Count)).ShouldBe("0");
        Sum(proxy, counts => counts.ReadsWaited).ShouldBe(0);
    }

    [Fact]
    public async Task A_position_that_cannot_be_had_costs_no_success_and_sends_reads_to_the_primary()
    {
        const string position = "EXECUTE ON FUNCTION pg_current_wal_flush_lsn()";
        var proxy = Start(PoolMode.Transaction, readYourWrites: s_short);
        await ExecuteAsync(_primary, $"REVOKE {position} FROM PUBLIC");
        try
        {
            await PauseAsync();
            await WatcherAsync(proxy.PrimaryPort, Insert);
            (await WatcherAsync(proxy.ReplicasPort, Where)).ShouldBe($"{Postgres.Primary.Port}");
        }
        finally
        {
            await ExecuteAsync(_primary, $"GRANT {position} TO PUBLIC");
        }
        // Asked for the read, the primary has told it by now.
        (await WatcherAsync(proxy.ReplicasPort, Where)).ShouldBe($"{Postgres.Primary.Port}");
        await ResumeAsync();
        await Postgres.StandbyHasAllAsync();
        (await WatcherAsync(proxy.ReplicasPort, Where)).ShouldBe($"{Postgres.Standby.Port}");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Only_what_may_have_written_costs_a_question_and_only_with_the_option(bool isOn)
    {
        var proxy = Start(PoolMode.Transaction, size: 1, readYourWrites: isOn ? s_long : default);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await ExecuteAsync(writer, Insert);
        await WasAskedAsync(isOn);
        await ExecuteAsync(writer, "SELECT 42");
        (await AskedAsync()).ShouldBeFalse();
        await using var batch = new NpgsqlBatch(writer);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT 42"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Insert));
        await batch.ExecuteNonQueryAsync(Stop);
        await WasAskedAsync(isOn);
        await ExecuteAsync(writer, "BEGIN");
        await ExecuteAsync(writer, "SELECT 42");
        await ExecuteAsync(writer, "COMMIT");
        (await AskedAsync()).ShouldBeFalse();
        if (isOn)
            return;
        await PauseAsync();
        await ExecuteAsync(writer, Insert);
        await using var reader = await OpenAsync(proxy.ReplicasPort);
        (await Queries.AskAsync(reader, Where)).ShouldBe(Postgres.Standby.Port);
    }

    // The client has its success before the question is there.
    async Task WasAskedAsync(bool isOn)
    {
        var asked = await AskedAsync();
        while (isOn && !asked)
            asked = await AskedAsync();
        asked.ShouldBe(isOn);
    }

    // Whether the newest statement of the proxy's server is the proxy's own, and over.
    async Task<bool> AskedAsync() => await Queries.AskAsync(_primary,
        "SELECT bool_or(query LIKE '%wal_flush_lsn%') FROM pg_stat_activity WHERE backend_type = 'client backend' "
        + "AND state = 'idle' AND pid <> pg_backend_pid() AND query_start = (SELECT max(query_start) "
        + "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())") is true;

    static long Sum(ProxyUnderTest proxy, Func<PoolCounts, long> of) =>
        proxy.Server.Pooled!.SharedPools.Sum(pool => pool.Counts.Sum(of));

    static async Task<string> WatcherAsync(int port, string sql)
    {
        var (exit, output, error) = await Queries.PsqlAsync(port, "disable", sql, "watcher", "postgres", "-XAt");
        (exit, error).ShouldBe((0, ""));
        return output.Trim();
    }

    async Task PauseAsync()
    {
        await ExecuteAsync(_standby, "SELECT pg_wal_replay_pause()");
        await Queries.UntilAsync(_standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'");
    }

    Task ResumeAsync() => ExecuteAsync(_standby, "SELECT pg_wal_replay_resume()");

    public override async ValueTask DisposeAsync()
    {
        await ResumeAsync();
        await _primary.DisposeAsync();
        await _standby.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
