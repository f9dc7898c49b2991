using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

/// <summary>T against real transaction ids: what committed before a start is below it, and what the start assigns is
/// not.</summary>
public sealed class PrimaryStartTests
{
    static CancellationToken Stop => PostgresStory.Stop;
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task After_kill_9_T_parts_what_committed_from_what_is_new()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.ExecuteAsync("n1", "CREATE TABLE t (id int)");
        var first = await FactsAsync(story, "n1");
        (first.Timeline, first.ParentTimeline).ShouldBe((1, 1));
        first.NextXid.ShouldNotBeNull("the first start of a cluster has a clean checkpoint");
        await using var client = await ClientAsync(story, "n1");
        var committed = await CommitAsync(client);
        var lost = await OpenAsync(client);

        story["n1"].Kill();
        await Eventually.IsAsync("n1 ended", () => story["n1"].Postmaster is null);
        await story.StepAsync("n1 restart in place", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);

        var facts = await FactsAsync(story, "n1");
        facts.PostmasterStarted.ShouldBeGreaterThan(first.PostmasterStarted);
        facts.PostmasterStarted.ShouldBe((await story["n1"].LookAsync(Stop)).PostmasterStarted);
        facts.PostmasterStarted.ToString(System.Globalization.CultureInfo.InvariantCulture).ShouldBe(
            await story.AskAsync("n1", "SELECT (extract(epoch FROM pg_postmaster_start_time())*1e6)::bigint"));
        var next = facts.NextXid.ShouldNotBeNull(facts.Why);
        committed.ShouldBeLessThan(next);
        (await story.AskAsync("n1", $"SELECT pg_xact_status('{committed}')")).ShouldBe("committed");
        // What was never flushed may be assigned again: below T it is known, from T on it has not committed.
        if (lost < next)
            (await story.AskAsync("n1", $"SELECT pg_xact_status('{lost}')")).ShouldBe("aborted");
        await using var after = await ClientAsync(story, "n1");
        (await CommitAsync(after)).ShouldBeGreaterThanOrEqualTo(next);
    }

    [Fact]
    public async Task After_a_clean_stop_T_is_the_next_transaction()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.ExecuteAsync("n1", "CREATE TABLE t (id int)");
        await using (var client = await ClientAsync(story, "n1"))
            await CommitAsync(client);
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await story.StepAsync("n1 start", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);

        var next = (await FactsAsync(story, "n1")).NextXid.ShouldNotBeNull();

        // Nothing but this wrote since, and the autovacuum of an empty database assigns none.
        ulong.Parse((await story.AskAsync("n1", "SELECT pg_current_xact_id()"))!,
            System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(next);

        await story.ExecuteAsync("n1", "CHECKPOINT");
        (await FactsAsync(story, "n1")).NextXid.ShouldBeNull("an online checkpoint tells of another time");
        await story.RestartAgentAsync("n1");
        (await FactsAsync(story, "n1")).NextXid.ShouldBeNull("this agent did not start it");
    }

    [Fact]
    public async Task After_a_promotion_T_parts_what_the_old_primary_committed_from_what_is_new()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.AddReplicaAsync("n2", "n1");
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (\"n2\")", Stop), "n1");
        await story.ExecuteAsync("n1", "CREATE TABLE t (id int)");
        await using var client = await ClientAsync(story, "n1");
        var committed = await CommitAsync(client);
        await using var other = await ClientAsync(story, "n1");
        var open = await OpenAsync(other);
        await story.StepAsync("n1 dies", n1 =>
        {
            n1.Kill();
            return ValueTask.FromResult(StepResult.Done);
        }, "n1");
        await story.StepAsync("n2 refuses", n2 => n2.FollowAsync(null, Stop), "n2");

        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");

        var facts = await FactsAsync(story, "n2");
        (facts.Timeline, facts.ParentTimeline).ShouldBe((2, 1));
        var next = facts.NextXid.ShouldNotBeNull(facts.Why);
        committed.ShouldBeLessThan(next);
        (await story.AskAsync("n2", $"SELECT pg_xact_status('{committed}')")).ShouldBe("committed");
        if (open < next)
            (await story.AskAsync("n2", $"SELECT pg_xact_status('{open}')")).ShouldBe("aborted");
        await using var after = await ClientAsync(story, "n2");
        (await CommitAsync(after)).ShouldBeGreaterThanOrEqualTo(next);
    }

    [Fact]
    public async Task A_barrier_passes_with_its_standby_and_not_without()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.StepAsync("nobody to wait for", n1 => n1.BarrierAsync(Patience, Stop), "n1");
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (\"n2\")", Stop), "n1");
        (await story["n1"].BarrierAsync(TimeSpan.FromMilliseconds(300), Stop)).Ok.ShouldBeFalse();

        // Ended by hand it commits, with a warning.
        var ended = story["n1"].BarrierAsync(Patience, Stop).AsTask();
        await Eventually.IsAsync("it waits", async () => await story.AskAsync("n1", """
            SELECT count(pg_cancel_backend(pid)) > 0 FROM pg_stat_activity
            WHERE wait_event = 'SyncRep' AND application_name = 'holdfast'
            """) == "True");
        (await ended).Ok.ShouldBeFalse();

        var passing = story["n1"].BarrierAsync(Patience, Stop).AsTask();
        await story.AddReplicaAsync("n2", "n1");
        (await passing).ShouldBe(StepResult.Done);
    }

    static async Task<StartFacts> FactsAsync(PostgresStory story, string name) =>
        (await story[name].StartFactsAsync(Stop)).ShouldNotBeNull();

    static async Task<NpgsqlConnection> ClientAsync(PostgresStory story, string name)
    {
        var client = new NpgsqlConnection(story.Sandbox.ConnectionString(name) + ";Pooling=false");
        await client.OpenAsync(Stop);
        return client;
    }

    /// <summary>The xid of a transaction that committed.</summary>
    static async Task<ulong> CommitAsync(NpgsqlConnection client)
    {
        var xid = await OpenAsync(client);
        await using var command = new NpgsqlCommand("COMMIT", client);
        await command.ExecuteNonQueryAsync(Stop);
        return xid;
    }

    /// <summary>The xid of a transaction that wrote something.</summary>
    static async Task<ulong> OpenAsync(NpgsqlConnection client)
    {
        await using var begin = new NpgsqlCommand("BEGIN", client);
        await begin.ExecuteNonQueryAsync(Stop);
        await using var write = new NpgsqlCommand(
            "INSERT INTO t VALUES (1) RETURNING pg_current_xact_id()::text", client);
        return ulong.Parse((string)(await write.ExecuteScalarAsync(Stop))!,
            System.Globalization.CultureInfo.InvariantCulture);
    }
}
