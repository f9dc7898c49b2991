using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

public sealed class PostgresInstanceTests
{
    static CancellationToken Stop => PostgresStory.Stop;
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_replica_takes_over_and_the_old_primary_rewinds_and_rejoins()
    {
        await using var story = new PostgresStory();
        await MakeThreeAsync(story);
        await DivergeAsync(story);

        (await story["n1"].CompareHistoryAsync(story.Sandbox.Address("n2"), Stop)).ShouldBe(HistoryVerdict.Diverged);
        (await story["n3"].CompareHistoryAsync(story.Sandbox.Address("n2"), Stop)).ShouldBe(HistoryVerdict.Same);
        await story.StepAsync("n2 slots", n2 => n2.SetMemberSlotsAsync(["n1", "n3"], Stop), "n2");
        await story.StepAsync("n3 follow", n3 => n3.FollowAsync(story.Sandbox.Address("n2"), Stop), "n3");
        await story.StreamsAsync("n3");
        await story.StepAsync("n1 rewind", n1 => n1.RewindAsync(story.Sandbox.Address("n2"), Stop), "n1");
        story.Signal("n1").ShouldBeTrue();
        await story.StepAsync("n1 start", n1 => n1.StartReplicaAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StreamsAsync("n1");
        await Eventually.IsAsync("n1 has what n2 has", async () =>
            await story.AskAsync("n1", "SELECT string_agg(id::text, ',' ORDER BY id) FROM film") == "1,2");
        (await story["n2"].HistoryAsync(Stop)).ShouldHaveSingleItem().Timeline.ShouldBe(1);
    }

    static async Task MakeThreeAsync(PostgresStory story)
    {
        await story.MakePrimaryAsync("n1", "n2", "n3");
        await Task.WhenAll(story.AddReplicaAsync("n2", "n1"), story.AddReplicaAsync("n3", "n1"));
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (\"n2\",\"n3\")", Stop), "n1");
        await story.ExecuteAsync("n1", "CREATE TABLE film AS SELECT 1 AS id");

        var view = await story["n1"].LookAsync(Stop);
        view.WalSenders.Select(sender => (sender.Name.Value, sender.Slot, sender.ClientAddress, sender.State)).ShouldBe(
            [("n2", "n2", "127.0.0.1", "streaming"), ("n3", "n3", "127.0.0.1", "streaming")], ignoreOrder: true);
        view.SynchronousStandbyNames.ShouldBe("ANY 1 (\"n2\",\"n3\")");
        view.Timeline.ShouldBe(1);
        view.PendingRestart.ShouldBeFalse();
        story.Signal("n1").ShouldBeFalse();
    }

    /// <summary>The replicas stop listening to n1, as those do that refuse its term; n2 is promoted; n1 writes on
    /// alone.</summary>
    static async Task DivergeAsync(PostgresStory story)
    {
        await story.StepAsync("n3 refuses", n3 => n3.FollowAsync(null, Stop), "n3");
        await story.StepAsync("n2 refuses", n2 => n2.FollowAsync(null, Stop), "n2");
        (await story["n3"].LookAsync(Stop)).Streaming.ShouldBeFalse();
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        (await story["n2"].LookAsync(Stop)).Timeline.ShouldBe(2);
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("", Stop), "n1");
        await story.ExecuteAsync("n1", "INSERT INTO film SELECT generate_series(100, 1000)");
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        story["n1"].Kill();
        PostgresStory.Say("n1 kill", started);
        story.Signal("n1").ShouldBeTrue();
        await Eventually.IsAsync("n1 ended", () => story["n1"].Postmaster is null);
        await story.ExecuteAsync("n2", "INSERT INTO film VALUES (2)");
    }

    [Fact]
    public async Task A_killed_primary_with_orphans_starts_in_place()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.ExecuteAsync("n1", "CREATE TABLE t (id int)");
        await story.ExecuteAsync(
            "n1",
            "CREATE PROCEDURE busy() LANGUAGE plpgsql AS 'BEGIN LOOP INSERT INTO t VALUES (1); COMMIT; END LOOP; END'");
        var busy = story.ExecuteAsync("n1", "CALL busy()");
        var copy = story.ExecuteAsync("n1", "COPY t FROM PROGRAM 'exec setsid sleep 1000'");
        await Eventually.IsAsync("both run", async () =>
            await story.AskAsync(
                "n1",
                "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^(CALL|COPY)' AND state = 'active'") == "2");
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        story["n1"].Ended += () => ended.TrySetResult();

        // Only the postmaster dies: its children live on, hold its memory, and one goes on committing.
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        story["n1"].Postmaster!.Value.TrySignal(Signal.Kill).ShouldBeTrue();
        await ended.Task.WaitAsync(Eventually.Limit, Stop);
        PostgresStory.Say("n1 end noticed, orphans ended", started);
        story.Signal("n1").ShouldBeTrue();
        (await story["n1"].LookAsync(Stop)).State.ShouldBe(PostgresState.Stopped);
        await story.StepAsync("n1 restart in place", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);
        PostgresStory.Say("n1 crash to writable", started);
        (await Should.ThrowAsync<Npgsql.NpgsqlException>(busy)).ShouldNotBeNull();
        (await Should.ThrowAsync<Npgsql.NpgsqlException>(copy)).ShouldNotBeNull();

        started = System.Diagnostics.Stopwatch.GetTimestamp();
        story["n1"].Kill();
        await story.StepAsync("n1 restart after Kill", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);
        PostgresStory.Say("n1 kill to writable", started);
    }

    [Fact]
    public async Task A_restarted_agent_adopts_the_running_primary_with_its_synchronous_standbys()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (\"n2\")", Stop), "n1");
        var before = story["n1"].Postmaster;

        var adopted = await story.RestartAgentAsync("n1");
        adopted.Postmaster.ShouldBe(before);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        adopted.Ended += () => ended.TrySetResult();
        (await adopted.ApplyAsync(PostgresSandbox.Dynamic, Stop)).ShouldBe(StepResult.Done);
        var view = await adopted.LookAsync(Stop);
        (view.State, view.SynchronousStandbyNames).ShouldBe((PostgresState.Primary, "ANY 1 (\"n2\")"));
        (await adopted.StartReplicaAsync(null, Stop)).Ok.ShouldBeFalse();

        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await ended.Task.WaitAsync(Eventually.Limit, Stop);
        story.Signal("n1").ShouldBeTrue();
        view = await adopted.LookAsync(Stop);
        (view.State, view.Data, view.Timeline).ShouldBe((PostgresState.Stopped, DataState.Usable, 1));
    }

    [Fact]
    public async Task A_clone_keeps_the_former_directory_aside()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.MakePrimaryAsync("n2");
        await story.StepAsync("n2 stop", n2 => n2.StopAsync(StopLimit, Stop), "n2");
        (await story["n2"].CompareHistoryAsync(story.Sandbox.Address("n1"), Stop)).ShouldBe(HistoryVerdict.OtherSystem);
        await File.WriteAllTextAsync(Path.Combine(story.Data("n2"), "mine"), "precious", Stop);

        await story.AddReplicaAsync("n2", "n1");
        (await File.ReadAllTextAsync(Path.Combine(story.Data("n2") + ".diverged", "mine"), Stop)).ShouldBe("precious");
        File.Exists(Path.Combine(story.Data("n2"), "mine")).ShouldBeFalse();
        var system = (await story["n1"].LookAsync(Stop)).SystemIdentifier;
        (await story["n2"].LookAsync(Stop)).SystemIdentifier.ShouldBe(system);
    }

    [Fact]
    public async Task An_interrupted_rewind_leaves_a_directory_that_never_starts()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await File.WriteAllTextAsync(story.Data("n1") + ".rewinding", "", Stop);

        (await story["n1"].LookAsync(Stop)).Data.ShouldBe(DataState.Unfinished);
        (await story["n1"].StartReplicaAsync(null, Stop)).Ok.ShouldBeFalse();
        (await story["n1"].StartPrimaryAsync("", Stop)).Ok.ShouldBeFalse();
        (await story["n1"].InitializeAsync(Stop)).Ok.ShouldBeFalse();
        story["n1"].Postmaster.ShouldBeNull();
    }

    [Fact]
    public async Task Settings_that_PostgreSQL_would_not_start_with_are_refused()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        var good = PostgresSandbox.Dynamic;
        var bad = good with { Parameters = good.Parameters.SetItem("work_mem", "lots") };
        (await story["n1"].ApplyAsync(bad, Stop)).Why.ShouldContain("work_mem");
        bad = good with { PgHba = ["host all all nowhere/99 trust"] };
        (await story["n1"].ApplyAsync(bad, Stop)).Why.ShouldContain("line 4");
        var parameters = good.Parameters.SetItem("max_connections", "60").SetItem("work_mem", "5MB");
        var larger = good with { Parameters = parameters };
        (await story["n1"].ApplyAsync(larger, Stop)).ShouldBe(StepResult.Done);
        await Eventually.IsAsync("restart pending", async () => (await story["n1"].LookAsync(Stop)).PendingRestart);
        (await story.AskAsync("n1", "SHOW work_mem")).ShouldBe("5MB");

        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await story.StepAsync("n1 start", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);
        (await story["n1"].LookAsync(Stop)).PendingRestart.ShouldBeFalse();
        await story.ExecuteAsync("n1", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        (await story["n1"].SetSynchronousStandbysAsync("*", Stop)).Why.ShouldContain("refused");
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (n2)", Stop), "n1");
    }

    [Fact]
    public async Task A_failed_start_says_why_and_leaves_a_standby()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        var file = Path.Combine(story.Data("n1"), "postgresql.base.conf");
        await File.AppendAllTextAsync(file, "work_mem = 'lots'\n", Stop);
        var failed = await story["n1"].StartPrimaryAsync("", Stop);
        failed.Ok.ShouldBeFalse();
        failed.Why.ShouldContain("configuration file");
        await Eventually.IsAsync("a standby's directory", () => story.Signal("n1"));
        (await story["n1"].LookAsync(Stop)).State.ShouldBe(PostgresState.Stopped);
    }

    [Fact]
    public async Task Before_a_planned_stop_open_transactions_are_waited_for_within_the_limit()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        var (apart, unlimited) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1));
        await using var client = new Npgsql.NpgsqlConnection(story.Sandbox.ConnectionString("n1"));
        await client.OpenAsync(Stop);
        await story.StepAsync("an idle session is quiet", n1 => n1.QuietAsync(apart, unlimited, Stop), "n1");

        var open = await client.BeginTransactionAsync(Stop);
        await using (var command = new Npgsql.NpgsqlCommand("SELECT 1", client, open))
            await command.ExecuteNonQueryAsync(Stop);
        (await story["n1"].QuietAsync(apart, TimeSpan.FromMilliseconds(300), Stop)).Ok.ShouldBeFalse();

        var quiet = story["n1"].QuietAsync(apart, unlimited, Stop).AsTask();
        await open.CommitAsync(Stop);
        (await quiet).ShouldBe(StepResult.Done);
    }

    [Fact]
    public async Task A_clean_switchover_needs_no_rewind()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.AddReplicaAsync("n2", "n1");
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await story.StepAsync("n1 checkpoint", n1 => n1.CheckpointAsync(Stop), "n1");
        _ = await story["n1"].FreshSegmentAsync(Stop); // Within its limit, or without it.
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        PostgresStory.Say("switchover", started);
        await story.StepAsync("n2 slots", n2 => n2.SetMemberSlotsAsync(["n1"], Stop), "n2");
        (await story["n1"].CompareHistoryAsync(story.Sandbox.Address("n2"), Stop)).ShouldBe(HistoryVerdict.Same);
        await story.StepAsync("n1 start", n1 => n1.StartReplicaAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StreamsAsync("n1");
        (await story["n2"].LookAsync(Stop)).WalSenders.ShouldHaveSingleItem();
        var sender = (await story["n2"].LookAsync(Stop)).WalSenders[0];
        await story.StepAsync("n2 ends walsender", n2 => n2.TerminateWalSenderAsync(sender.Pid, Stop), "n2");
    }
}
