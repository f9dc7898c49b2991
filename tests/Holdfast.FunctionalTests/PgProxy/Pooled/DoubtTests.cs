using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Pooling;
using Npgsql;
using Shouldly;
using Xunit;
using static Holdfast.Doubles.PgProxy.Views;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What a client is told when its server goes, or its commit does not wait (SAFETY 6), against a real
/// server.</summary>
public sealed class DoubtTests(RealPostgres postgres) : PooledPostgres(postgres)
{
    const string Lock = "SELECT pg_advisory_lock(7)", Unlock = "SELECT pg_advisory_unlock_all()";
    const string Insert = "INSERT INTO doubts SELECT 1 FROM pg_advisory_xact_lock(7)";
    const string Waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
    const string Committing = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

    const string CancelWait = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

    // ---- units that are sent again ----

    [Theory, InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Transaction, true)]
    [InlineData(PoolMode.Session, false), InlineData(PoolMode.Session, true)]
    public async Task A_statement_whose_server_is_ended_runs_on_another(PoolMode mode, bool isPrepared)
    {
        await using var watcher = await FreshAsync();
        await using var connection = await OpenAsync(Start(mode).PrimaryPort);
        await using var command = new NpgsqlCommand(Insert, connection);
        if (isPrepared)
            await command.PrepareAsync(Stop);
        await Queries.AskAsync(watcher, Lock);
        var insert = command.ExecuteNonQueryAsync(Stop);
        await UntilAsync(watcher, Waiting, 1);
        await Queries.AskAsync(
            watcher, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'advisory'");
        await UntilAsync(watcher, Waiting, 1);
        await Queries.AskAsync(watcher, Unlock);
        await insert;
        (await Queries.AskAsync(watcher, "SELECT count(*) FROM doubts")).ShouldBe(1L);
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_a_silent_server_was_asked_is_repeated_only_where_it_is_allowed(bool repeats)
    {
        await using var watcher = await FreshAsync();
        var proxy = Start(PoolMode.Transaction, repeats: repeats);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await using var writer = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(watcher, Lock);
        var read = Queries.AskAsync(connection, "SELECT 42 FROM pg_advisory_xact_lock(7)");
        var write = Queries.AskAsync(writer, Insert);
        await UntilAsync(watcher, Waiting, 2);
        proxy.Topology.Show(Led("n2", 8, Replica("n1", Postgres.Port)));
        (await Should.ThrowAsync<PostgresException>(write)).SqlState.ShouldBe("08007");
        await Queries.AskAsync(watcher, Unlock);
        ShowPrimary(proxy, term: 9);
        if (repeats)
            (await read).ShouldBe(42);
        else
            (await Should.ThrowAsync<PostgresException>(read)).SqlState.ShouldBe("08007");
    }

    [Fact]
    public async Task What_a_crash_has_not_reached_yet_is_given_nothing_new()
    {
        await using var watcher = await FreshAsync();
        var proxy = Start(PoolMode.Transaction, loops: 1, repeats: true);
        await using var client = await OpenAsync(proxy.PrimaryPort);
        await using var other = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(watcher, Lock);
        var read = Queries.AskAsync(client, "SELECT 42 FROM pg_advisory_xact_lock(7)");
        await UntilAsync(watcher, Waiting, 1);
        var atRest = await Queries.AskAsync(other, "SELECT pg_backend_pid()");
        var hit = await Queries.AskAsync(watcher, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory'");
        var postmaster = await Postgres.PostmasterAsync();
        // It would end the other at once.
        await RealPostgres.SignalAsync("STOP", postmaster);
        try
        {
            await RealPostgres.SignalAsync("KILL", (int)hit!);
            await UntilAsync(
                watcher, $"SELECT count(*) FROM pg_stat_activity WHERE pid = {atRest} AND state = 'idle'", 0);
        }
        finally
        {
            await RealPostgres.SignalAsync("CONT", postmaster);
        }
        (await read).ShouldBe(42);
    }

    [Theory, InlineData(PoolMode.Transaction), InlineData(PoolMode.Session)]
    public async Task While_a_switchover_is_under_way_units_wait_and_sessions_stay(PoolMode mode)
    {
        var proxy = Start(mode);
        await using var idle = await OpenAsync(proxy.PrimaryPort);
        await using var open = await OpenAsync(proxy.PrimaryPort);
        await using var prepared = new NpgsqlCommand("SELECT 40 + 2", idle);
        await prepared.PrepareAsync(Stop);
        await Queries.AskAsync(open, "BEGIN");
        proxy.Topology.Show(Led("n1", 7, Primary("n1", 7, Postgres.Port) with { HandsOver = true }));
        var waiting = prepared.ExecuteScalarAsync(Stop);
        var before = await Queries.AskAsync(open, "SELECT pg_backend_pid()");
        await Queries.AskAsync(open, "COMMIT");
        var next = Queries.AskAsync(open, "SELECT pg_backend_pid()");
        waiting.IsCompleted.ShouldBeFalse();
        proxy.Topology.Show(Leaderless(Replica("n1", Postgres.Port)));
        proxy.Topology.Show(Led("n2", 8, Primary("n2", 8, Postgres.Port)));
        (await waiting).ShouldBe(42);
        (await next).ShouldNotBe(before);
    }

    // ---- successes that may be none ----

    [Theory, InlineData(true, "notice"), InlineData(false, "notice")]
    [InlineData(true, "error"), InlineData(false, "error")]
    public async Task A_cancelled_wait_for_a_standby_is_no_success_before_it_is_one(bool isMet, string messages)
    {
        await using var watcher = await FreshAsync();
        await using var connection =
            await OpenAsync(Start(PoolMode.Session).PrimaryPort, "Cancellation Timeout=0");
        await Queries.AskAsync(connection, $"SET client_min_messages = {messages}");
        await WaitForStandbyAsync(watcher, "nobody");
        await using var insert = new NpgsqlCommand("INSERT INTO doubts VALUES (1)", connection);
        var inserting = insert.ExecuteNonQueryAsync(Stop);
        await UntilAsync(watcher, Committing, 1);
        insert.Cancel();
        // The barrier waits in its place: the row is there, and nobody was told.
        await UntilAsync(watcher, "SELECT count(*) FROM doubts", 1);
        await UntilAsync(watcher, Committing, 1);
        inserting.IsCompleted.ShouldBeFalse();
        if (isMet)
        {
            await WaitForStandbyAsync(watcher, "");
            (await inserting).ShouldBe(1);
        }
        else
        {
            await Queries.AskAsync(watcher, CancelWait);
            (await Should.ThrowAsync<PostgresException>(inserting)).SqlState.ShouldBe("08007");
            await WaitForStandbyAsync(watcher, "");
        }
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task A_statement_that_is_cancelled_in_time_needs_no_proof()
    {
        await using var watcher = await FreshAsync();
        await using var connection = await OpenAsync(Start(PoolMode.Transaction).PrimaryPort);
        await using var command = new NpgsqlCommand("SELECT pg_sleep(60)", connection);
        var sleeping = command.ExecuteNonQueryAsync(Stop);
        await UntilAsync(watcher, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", 1);
        command.Cancel();
        (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping)).InnerException
            .ShouldBeOfType<PostgresException>().SqlState.ShouldBe("57014");
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    // ---- COMMITs whose answer was lost ----

    [Theory, InlineData(PoolMode.Transaction, false), InlineData(PoolMode.Session, false)]
    [InlineData(PoolMode.Transaction, true)]
    public async Task A_commit_that_was_carried_out_is_found(PoolMode mode, bool isExtended)
    {
        await using var watcher = await FreshAsync();
        var (proxy, first) = await StartResolvingAsync(mode, watcher);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await BeginAndInsertAsync(connection);
        await WaitForStandbyAsync(watcher, "nobody");
        var commit = CommitAsync(connection, isExtended);
        await UntilAsync(watcher, Committing, 1);
        await RestartAsync(proxy, first);
        await using var after = await OpenAsync(Postgres.Port);
        // Found in the log, and not told before a standby had it, too: that is, before the rule was met.
        await UntilAsync(after, Committing, 1);
        commit.IsCompleted.ShouldBeFalse();
        await WaitForStandbyAsync(after, "");
        await commit;
        (await Queries.AskAsync(after, "SELECT count(*) FROM doubts")).ShouldBe(1L);
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    [Fact]
    public async Task A_commit_that_was_not_carried_out_is_found()
    {
        await using var watcher = await FreshAsync();
        var (proxy, first) = await StartResolvingAsync(PoolMode.Transaction, watcher);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(watcher, Lock);
        await BeginAndInsertAsync(connection);
        await Queries.AskAsync(connection, "INSERT INTO slow_doubts VALUES (1)");
        var commit = CommitAsync(connection, isExtended: false);
        await UntilAsync(watcher, Waiting, 1);
        await RestartAsync(proxy, first);
        (await Should.ThrowAsync<PostgresException>(commit)).SqlState.ShouldBe("40001");
        (await Queries.AskAsync(connection, "SELECT count(*) FROM doubts")).ShouldBe(0L);
    }

    [Fact]
    public async Task Without_a_record_of_the_starts_a_commit_stays_in_doubt()
    {
        await using var watcher = await FreshAsync();
        var proxy = Start(PoolMode.Transaction, resolves: true);
        ShowStarts(proxy, []);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await BeginAndInsertAsync(connection);
        await WaitForStandbyAsync(watcher, "nobody");
        var commit = CommitAsync(connection, isExtended: false);
        await UntilAsync(watcher, Committing, 1);
        await RestartAsync(proxy);
        (await Should.ThrowAsync<PostgresException>(commit)).SqlState.ShouldBe("08007");
        await using var after = await OpenAsync(Postgres.Port);
        await WaitForStandbyAsync(after, "");
    }

    [Fact]
    public async Task A_commit_of_what_has_only_read_succeeds()
    {
        await using var watcher = await FreshAsync();
        var proxy = Start(PoolMode.Transaction, resolves: true);
        await using var connection = await OpenAsync(proxy.PrimaryPort);
        await Queries.AskAsync(connection, "BEGIN");
        await Queries.AskAsync(connection, "SELECT count(*) FROM doubts");
        await Queries.AskAsync(connection, "COMMIT");
        (await Queries.AskAsync(connection, "SELECT 42")).ShouldBe(42);
    }

    static async Task BeginAndInsertAsync(NpgsqlConnection connection)
    {
        await Queries.AskAsync(connection, "BEGIN");
        await Queries.AskAsync(connection, "INSERT INTO doubts VALUES (1)");
    }

    static async Task CommitAsync(NpgsqlConnection connection, bool isExtended)
    {
        await using var commit = new NpgsqlCommand("COMMIT", connection);
        if (isExtended)
            await commit.PrepareAsync(Stop);
        await commit.ExecuteNonQueryAsync(Stop);
    }

    async Task<(ProxyUnderTest Proxy, PrimaryStart First)> StartResolvingAsync(PoolMode mode, NpgsqlConnection watcher)
    {
        var proxy = Start(mode, resolves: true);
        var first = await WhichStartAsync(watcher);
        ShowStarts(proxy, [first]);
        return (proxy, first);
    }

    async Task RestartAsync(ProxyUnderTest proxy, params PrimaryStart[] before)
    {
        await Postgres.StopAsync();
        await Postgres.StartAsync(wait: true);
        await using var direct = await OpenAsync(Postgres.Port);
        ShowStarts(proxy, before.Length == 0 ? [] : [.. before, await WhichStartAsync(direct)]);
    }

    static async Task<PrimaryStart> WhichStartAsync(NpgsqlConnection connection) => new()
    {
        By = new NodeName("n1"),
        Term = new Term(7),
        Timeline = 1,
        ParentTimeline = 1,
        PostmasterStarted = (long)(await Queries.AskAsync(connection, CommitEvidence.WhichStart))!,
        NextXid = ulong.Parse((string)(await Queries.AskAsync(
            connection, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))!, CultureInfo.InvariantCulture),
    };

    void ShowStarts(ProxyUnderTest proxy, PrimaryStart[] starts)
    {
        var view = Led("n1", 7, Primary("n1", 7, Postgres.Port));
        proxy.Topology.Show(view with
        {
            Starts = [.. starts.Select((start, at) => start with { Number = at + 1 })],
            Settings = view.Settings! with { SynchronousMode = SynchronousMode.Quorum },
        });
    }

    async Task<NpgsqlConnection> FreshAsync()
    {
        var watcher = await OpenAsync(Postgres.Port);
        await Queries.AskAsync(watcher,
            "DROP TABLE IF EXISTS doubts, slow_doubts; CREATE TABLE doubts (id int); CREATE TABLE slow_doubts (id int);"
            + "CREATE OR REPLACE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
            + "$$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;"
            + "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON slow_doubts DEFERRABLE INITIALLY DEFERRED "
            + "FOR EACH ROW EXECUTE FUNCTION wait()");
        return watcher;
    }

    async Task WaitForStandbyAsync(NpgsqlConnection direct, string name)
    {
        await using var command = new NpgsqlCommand(
            $"ALTER SYSTEM SET synchronous_standby_names = '{name}'", direct);
        await command.ExecuteNonQueryAsync(Stop);
        await Queries.AskAsync(direct, "SELECT pg_reload_conf()");
        while (await Queries.AskAsync(direct, "SHOW synchronous_standby_names") as string != name)
        {
        }
        // Commits wait from the moment that the checkpointer has read it, too.
        await using var probe = await OpenAsync(Postgres.Port);
        for (var waits = name.Length == 0; !waits;)
        {
            var commit = Queries.AskAsync(probe, "SELECT pg_logical_emit_message(true, 'test', '')");
            while (!commit.IsCompleted && !waits)
                waits = await Queries.AskAsync(direct, Committing) is 1L;
            await Queries.AskAsync(direct, CancelWait);
            await commit;
        }
    }

    static async Task UntilAsync(NpgsqlConnection watcher, string question, long answer)
    {
        while (!answer.Equals(await Queries.AskAsync(watcher, question)))
        {
        }
    }
}
