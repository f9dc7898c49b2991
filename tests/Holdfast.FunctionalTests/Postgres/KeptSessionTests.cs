using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

/// <summary>The agent's own sessions: how many there are, and which of them a step gets.</summary>
public sealed class KeptSessionTests
{
    const string Pids = """
        SELECT coalesce(string_agg(pid::text, ',' ORDER BY pid), '') FROM pg_stat_activity
        WHERE application_name = 'holdfast' AND backend_type = 'client backend'
        """;

    const string EndAll = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name = 'holdfast' AND backend_type = 'client backend'
        """;

    static CancellationToken Stop => PostgresStory.Stop;
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Steps_use_few_sessions_again()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story["n1"].LookAsync(Stop);
        await StepAsync(story);
        var before = await story.AskAsync("n1", Pids);
        before!.Split(',').Length.ShouldBe(2);
        for (var step = 0; step < 10; step++)
            await StepAsync(story);
        (await story.AskAsync("n1", Pids)).ShouldBe(before);

        var steps = Enumerable.Range(0, 8).Select(_ => story["n1"].BarrierAsync(Limit, Stop).AsTask());
        (await Task.WhenAll(steps)).ShouldAllBe(result => result.Ok);
        await Eventually.IsAsync("few are left", async () => await CountAsync(story) <= 1 + 2);

        await story["n1"].DisposeAsync();
        await Eventually.IsAsync("none is left", async () => await story.AskAsync("n1", Pids) == "");
    }

    [Fact]
    public async Task Who_creates_roles_leaves_no_session_that_would_show_a_secret()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 roles", n1 => n1.CreateRolesAndDatabasesAsync(Stop), "n1");
        await Eventually.IsAsync("ended", async () => await story.AskAsync("n1", """
            SELECT count(*) FROM pg_stat_activity
            WHERE application_name = 'holdfast' AND query ~ '(ROLE|DATABASE|GRANT)'
            """) == "0");
    }

    [Fact]
    public async Task A_step_outlives_the_end_of_its_session_and_a_restart()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await StepAsync(story);
        await story.AskAsync("n1", EndAll);
        await StepAsync(story);
        (await story["n1"].LookAsync(Stop)).State.ShouldBe(PostgresState.Primary);

        await story.StepAsync("n1 stop", n1 => n1.StopAsync(Limit, Stop), "n1");
        (await story["n1"].SetMemberSlotsAsync(["n2"], Stop)).Ok.ShouldBeFalse();
        await story.StepAsync("n1 start", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);
        await StepAsync(story);
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("n2", Stop), "n1");
        await story.StepAsync("n1 no names", n1 => n1.SetSynchronousStandbysAsync("", Stop), "n1");
        await StepAsync(story);
    }

    [Fact]
    public async Task A_session_comes_back_clean_and_one_whose_step_failed_does_not_come_back()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await using var sql = new Sql(story.Sandbox.Settings("n1"), () => story["n1"].Postmaster);
        var first = await PidAsync(sql, "SET work_mem = '77MB'; CREATE TEMP TABLE rest (id int)");
        (await AskAsync(sql, "SELECT concat(current_setting('work_mem'), ' ', to_regclass('rest'))"))
            .ShouldBe("4MB ");
        (await PidAsync(sql, "")).ShouldBe(first);

        var failed = await sql.StepAsync("fails", Limit, async (session, bounded) =>
        {
            await session.ExecuteAsync("BEGIN", bounded);
            await session.ExecuteAsync("SELECT 1/0", bounded);
            return StepResult.Done;
        }, Stop);
        failed.Why.ShouldContain("division by zero");
        var second = await PidAsync(sql, "");
        second.ShouldNotBe(first);

        // A step must not leave its transaction open; if one does, nobody else gets that.
        await PidAsync(sql, "BEGIN");
        (await PidAsync(sql, "")).ShouldNotBe(second);
    }

    /// <summary>An idle session has not read the files at an earlier reload yet: it does when it is asked next, and
    /// then shows what the postmaster knows nothing of.</summary>
    [Fact]
    public async Task Only_a_new_session_shows_what_the_postmaster_has_read()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        var postmaster = story["n1"].Postmaster;
        await using var sql = new Sql(story.Sandbox.Settings("n1"), () => postmaster);
        const string Shown = "SELECT current_setting('work_mem')";
        await AskAsync(sql, Shown);
        const string Loaded = "SELECT pg_conf_load_time()::text";
        var before = await story.AskAsync("n1", Loaded);
        await story.AskAsync("n1", "SELECT pg_reload_conf()");
        await Eventually.IsAsync("read", async () => await story.AskAsync("n1", Loaded) != before);

        await File.AppendAllTextAsync(
            Path.Combine(story.Data("n1"), "postgresql.auto.conf"), "work_mem = '77MB'\n", Stop);
        var limit = TimeSpan.FromMilliseconds(300);
        (await sql.UntilAsync("work_mem", limit, Shown, "77MB", Stop)).Ok.ShouldBeFalse();
        (await AskAsync(sql, Shown)).ShouldBe("77MB", "the kept session does not wait for the postmaster");
        await story.AskAsync("n1", "SELECT pg_reload_conf()");
        (await sql.UntilAsync("work_mem", Limit, Shown, "77MB", Stop)).ShouldBe(StepResult.Done);
    }

    [Fact]
    public async Task Looks_at_a_server_that_starts_open_no_sessions()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(Limit, Stop), "n1");
        var gate = Path.Combine(story.Sandbox.Folder, "gate");
        await File.WriteAllTextAsync(gate, "", Stop);
        var parameters = PostgresSandbox.Dynamic.Parameters
            .SetItem("restore_command", $"while test -e {gate}; do sleep 0.05; done; false")
            .SetItem("log_connections", "on");
        await story.StepAsync("n1 apply", n1 =>
            n1.ApplyAsync(PostgresSandbox.Dynamic with { Parameters = parameters }, Stop), "n1");
        await story.StepAsync("n1 start replica", n1 => n1.StartReplicaAsync(null, Stop), "n1");
        await Eventually.IsAsync("it says so", () =>
            PostmasterPidFile.Read(story.Data("n1")) is { RefusesSessions: true });
        for (var look = 0; look < 20; look++)
            (await story["n1"].LookAsync(Stop)).State.ShouldBe(PostgresState.Starting);
        const string Connected = "connection received";
        var log = story.Sandbox.Settings("n1").LogFile;
        (await File.ReadAllTextAsync(log, Stop)).ShouldNotContain(Connected);
        File.Delete(gate);
        await story.IsAsync("n1", PostgresState.Replica);
        (await File.ReadAllTextAsync(log, Stop)).ShouldContain(Connected);
    }

    static Task StepAsync(PostgresStory story) =>
        story.StepAsync("n1 slots", n1 => n1.SetMemberSlotsAsync(["n2"], Stop), "n1");

    static async Task<int> CountAsync(PostgresStory story) =>
        (await story.AskAsync("n1", Pids))!.Split(',').Length;

    static async Task<string?> AskAsync(Sql sql, string query)
    {
        string? answer = null;
        (await sql.StepAsync("ask", Limit, async (session, bounded) =>
        {
            answer = await session.ScalarAsync(query, bounded);
            return StepResult.Done;
        }, Stop)).ShouldBe(StepResult.Done);
        return answer;
    }

    /// <summary>Of the session in which <paramref name="statement"/> was executed.</summary>
    static async Task<int> PidAsync(Sql sql, string statement)
    {
        var pid = "";
        (await sql.StepAsync("ask", Limit, async (session, bounded) =>
        {
            pid = await session.ScalarAsync("SELECT pg_backend_pid()", bounded);
            if (statement.Length > 0)
                await session.ExecuteAsync(statement, bounded);
            return StepResult.Done;
        }, Stop)).ShouldBe(StepResult.Done);
        return int.Parse(pid!, CultureInfo.InvariantCulture);
    }
}
