using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Postgres.Instance;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

/// <summary>What stands between a member and its leader: log that is gone, room that is not there, slots.</summary>
public sealed class RejoinTroubleTests
{
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    static CancellationToken Stop => PostgresStory.Stop;

    [Fact]
    public async Task Log_that_a_rewind_misses_is_fetched_from_the_source()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.AddReplicaAsync("n2", "n1");
        // The checkpoint before the two part: a rewind begins there.
        await story.ExecuteAsync("n1", "CREATE TABLE film AS SELECT generate_series(1, 1000) AS id");
        await story.ExecuteAsync("n1", "CHECKPOINT");
        var checkpoint = await story.AskAsync("n1", "SELECT pg_walfile_name(redo_lsn) FROM pg_control_checkpoint()");
        await story.ExecuteAsync("n1", "INSERT INTO film SELECT 0; SELECT pg_switch_wal()");
        await story.ExecuteAsync("n1", "INSERT INTO film SELECT 0");
        var end = await story.AskAsync("n1", "SELECT pg_current_wal_flush_lsn()");
        await Eventually.IsAsync("n2 has it", async () => await story.AskAsync("n2",
            $"SELECT pg_last_wal_receive_lsn() >= '{end}'") is "True" or "t");
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        await story.ExecuteAsync("n1", "INSERT INTO film SELECT 5000");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        var missing = Path.Combine(story.Data("n1"), "pg_wal", checkpoint!);
        File.Delete(missing);
        await story.StepAsync("n2 slots", n2 => n2.SetMemberSlotsAsync(["n1"], Stop), "n2");

        await story.StepAsync("n1 rewind", n1 => n1.RewindAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StepAsync("n1 start", n1 => n1.StartReplicaAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StreamsAsync("n1");
        (await story.AskAsync("n1", "SELECT count(*)::text FROM film WHERE id = 5000")).ShouldBe("0");
        (await story.AskAsync("n1", "SELECT count(*)::text FROM film")).ShouldBe("1002");
    }

    [Fact]
    public async Task Log_that_nobody_has_ends_the_rewind_and_leaves_a_clone()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.AddReplicaAsync("n2", "n1");
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        await story.ExecuteAsync("n1", "CREATE TABLE film AS SELECT 1 AS id");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        foreach (var member in (string[])["n1", "n2"])
        {
            foreach (var segment in Directory.EnumerateFiles(
                Path.Combine(story.Data(member), "pg_wal"), "00000001????????????????"))
            {
                File.Delete(segment);
            }
        }
        var rewound = await story["n1"].RewindAsync(story.Sandbox.Address("n2"), Stop);
        rewound.Ok.ShouldBeFalse();
        (await story["n1"].LookAsync(Stop)).Data.ShouldBe(DataState.Unfinished);
        await story.StepAsync("n1 clone", n1 => n1.CloneAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StepAsync("n1 start", n1 => n1.StartReplicaAsync(story.Sandbox.Address("n2"), Stop), "n1");
        await story.StreamsAsync("n1");
    }

    [Fact]
    public async Task The_same_timeline_with_another_switch_is_not_rewound_but_cloned()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2", "n3");
        await Task.WhenAll(story.AddReplicaAsync("n2", "n1"), story.AddReplicaAsync("n3", "n1"));
        await story.StepAsync("n2 alone", n2 => n2.FollowAsync(null, Stop), "n2");
        await story.ExecuteAsync("n1", "CREATE TABLE film AS SELECT 1 AS id");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        await story.StepAsync("n3 promote", n3 => n3.PromoteAsync("", Stop), "n3");
        var n2 = story.Sandbox.Address("n2");
        await story.StepAsync("n3 stop", n3 => n3.StopAsync(StopLimit, Stop), "n3");
        (await story["n3"].CompareHistoryAsync(n2, Stop)).ShouldBe(HistoryVerdict.Diverged);
        (await story["n3"].RewindAsync(n2, Stop)).Ok.ShouldBeFalse();
        (await story["n3"].LookAsync(Stop)).Data.ShouldBe(DataState.Unfinished);
        await story.StepAsync("n3 clone", n3 => n3.CloneAsync(n2, Stop), "n3");
        await story.StepAsync("n3 start", n3 => n3.StartReplicaAsync(n2, Stop), "n3");
        await story.StreamsAsync("n3");
    }

    [Fact]
    public async Task A_replica_whose_log_was_removed_is_told_so_and_cloned()
    {
        await using var story = new PostgresStory();
        var dynamic = PostgresSandbox.Dynamic;
        await story.MakePrimaryAsync("n1", "n2");
        await story.StepAsync("n1 keeps little", n1 => n1.ApplyAsync(dynamic with
        {
            Parameters = dynamic.Parameters.Add("wal_keep_size", "0").Add("max_slot_wal_keep_size", "1MB")
                .Add("min_wal_size", "32MB"),
        }, Stop), "n1");
        await story.AddReplicaAsync("n2", "n1");
        await story.StepAsync("n2 stop", n2 => n2.StopAsync(StopLimit, Stop), "n2");
        for (var segment = 0; segment < 5; segment++)
            await story.ExecuteAsync("n1", $"CREATE TABLE film{segment} (); SELECT pg_switch_wal(); CHECKPOINT");

        var n1 = story.Sandbox.Address("n1");
        (await story["n2"].CompareHistoryAsync(n1, Stop)).ShouldBe(HistoryVerdict.Same, "stopped, it can't tell yet");
        await story.StepAsync("n2 start", n2 => n2.StartReplicaAsync(n1, Stop), "n2");
        await story.IsAsync("n2", PostgresState.Replica);
        await Eventually.IsAsync("n2 hears that its log is gone",
            async () => await story["n2"].CompareHistoryAsync(n1, Stop) == HistoryVerdict.Removed);
        await story.StepAsync("n2 stop", n2 => n2.StopAsync(StopLimit, Stop), "n2");
        await story.StepAsync("n2 clone", n2 => n2.CloneAsync(n1, Stop), "n2");
        await story.StepAsync("n2 start", n2 => n2.StartReplicaAsync(n1, Stop), "n2");
        await story.StreamsAsync("n2");
        (await story["n2"].CompareHistoryAsync(n1, Stop)).ShouldBe(HistoryVerdict.Same);
        (await story.AskAsync("n1", "SELECT wal_status FROM pg_replication_slots")).ShouldNotBe("lost");
    }

    [Fact]
    public async Task Without_room_nothing_is_cloned_and_the_member_says_so()
    {
        using var volume = TestVolume.TryExt4();
        if (volume is null)
            Assert.Skip("needs the right to mount a loop device");
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        var settings = story.Sandbox.Settings("n2") with { DataDirectory = volume.Data };
        await using var n2 = new PostgresInstance(settings, NullLogger<PostgresInstance>.Instance);
        var cloned = await n2.CloneAsync(story.Sandbox.Address("n1"), Stop);
        cloned.Ok.ShouldBeFalse();
        cloned.Why.ShouldContain("no room for a clone");
        Directory.Exists(volume.Data + ".new").ShouldBeFalse();
        (await n2.LookAsync(Stop)).Data.ShouldBe(DataState.Empty);
    }

    [Fact]
    public async Task A_clone_that_never_streamed_does_not_take_the_place_of_the_kept_directory()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2");
        await story.StepAsync("n2 initdb", n2 => n2.InitializeAsync(Stop), "n2"); // A history of its own.
        var ours = Path.Combine(story.Data("n2"), "ours");
        await File.WriteAllTextAsync(ours, "", Stop);
        var n1 = story.Sandbox.Address("n1");
        await story.StepAsync("n2 clone", n2 => n2.CloneAsync(n1, Stop), "n2");
        var kept = Path.Combine(story.Data("n2") + ".diverged", "ours");
        File.Exists(kept).ShouldBeTrue();
        await story.StepAsync("n2 clone again", n2 => n2.CloneAsync(n1, Stop), "n2");
        File.Exists(kept).ShouldBeTrue("the first clone held nothing of its own");

        await story.StepAsync("n2 start", n2 => n2.StartReplicaAsync(n1, Stop), "n2");
        await story.StreamsAsync("n2");
        await story.StepAsync("n2 stop", n2 => n2.StopAsync(StopLimit, Stop), "n2");
        await story.StepAsync("n2 clone", n2 => n2.CloneAsync(n1, Stop), "n2");
        File.Exists(kept).ShouldBeFalse("the newest directory that was of its own is kept");
    }

    [Fact]
    public async Task Slots_of_others_survive_and_those_of_removed_members_do_not()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2", "n3");
        await story.ExecuteAsync("n1", "SELECT pg_create_physical_replication_slot('barman', true)");
        await story.StepAsync("n3 is removed", n1 => n1.SetMemberSlotsAsync(["n2"], Stop), "n1");
        (await SlotsAsync()).ShouldBe("barman,n2");
        await story.RestartAgentAsync("n1");
        await story.StepAsync("n2 is removed", n1 => n1.SetMemberSlotsAsync(["n4"], Stop), "n1");
        (await SlotsAsync()).ShouldBe("barman,n4");

        async Task<string?> SlotsAsync() => await story.AskAsync("n1",
            "SELECT string_agg(slot_name::text, ',' ORDER BY slot_name::text) FROM pg_replication_slots");
    }
}
