using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

public sealed class DivergenceTests
{
    static CancellationToken Stop => PostgresStory.Stop;
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_replica_that_received_more_than_the_new_primary_has_diverged()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2", "n3");
        await Task.WhenAll(story.AddReplicaAsync("n2", "n1"), story.AddReplicaAsync("n3", "n1"));
        await story.StepAsync("n2 refuses", n2 => n2.FollowAsync(null, Stop), "n2");
        await story.StepAsync("n1 names", n1 => n1.SetSynchronousStandbysAsync("ANY 1 (\"n3\")", Stop), "n1");
        await story.ExecuteAsync("n1", "CREATE TABLE film AS SELECT 1 AS id"); // acknowledged by n3, so that n3 has it
        story["n1"].Kill();
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        await story.StepAsync("n2 slots", n2 => n2.SetMemberSlotsAsync(["n3"], Stop), "n2");

        (await story["n3"].CompareHistoryAsync(story.Sandbox.Address("n2"), Stop)).ShouldBe(HistoryVerdict.Diverged);
        await story.StepAsync("n3 stop", n3 => n3.StopAsync(StopLimit, Stop), "n3");
        (await story["n3"].CompareHistoryAsync(story.Sandbox.Address("n2"), Stop)).ShouldBe(HistoryVerdict.Diverged);
        await story.StepAsync("n3 rewind", n3 => n3.RewindAsync(story.Sandbox.Address("n2"), Stop), "n3");
        await story.StepAsync("n3 start", n3 => n3.StartReplicaAsync(story.Sandbox.Address("n2"), Stop), "n3");
        await story.StreamsAsync("n3");
    }

    [Fact]
    public async Task Two_promotions_at_one_position_make_two_histories_of_one_number()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1", "n2", "n3");
        await Task.WhenAll(story.AddReplicaAsync("n2", "n1"), story.AddReplicaAsync("n3", "n1"));
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1"); // Both have the last record.
        await story.StepAsync("n2 promote", n2 => n2.PromoteAsync("", Stop), "n2");
        story["n2"].Kill();
        await story.StepAsync("n3 promote", n3 => n3.PromoteAsync("", Stop), "n3");
        await story.ExecuteAsync("n3", "CREATE TABLE film AS SELECT 1 AS id");
        await story.StepAsync("n3 stop", n3 => n3.StopAsync(StopLimit, Stop), "n3");
        await story.StepAsync("n3 start", n3 => n3.StartReplicaAsync(null, Stop), "n3");
        await story.IsAsync("n3", PostgresState.Replica);
        await story.StepAsync("n3 promote again", n3 => n3.PromoteAsync("", Stop), "n3");
        await story.ExecuteAsync("n3", "CHECKPOINT");

        (await story["n2"].CompareHistoryAsync(story.Sandbox.Address("n3"), Stop)).ShouldBe(HistoryVerdict.Diverged);
        (await story["n1"].CompareHistoryAsync(story.Sandbox.Address("n3"), Stop)).ShouldBe(HistoryVerdict.Same);
        (await story["n2"].RewindAsync(story.Sandbox.Address("n3"), Stop)).Ok.ShouldBeFalse("it goes by numbers");
        await story.StepAsync("n2 clone", n2 => n2.CloneAsync(story.Sandbox.Address("n3"), Stop), "n2");
    }

    [Fact]
    public async Task A_source_that_does_not_answer_leaves_the_directory_as_it_is()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        var nobody = story.Sandbox.Address("n2");
        (await story["n1"].CompareHistoryAsync(nobody, Stop)).ShouldBe(HistoryVerdict.Unknown);
        (await story["n1"].RewindAsync(nobody, Stop)).Ok.ShouldBeFalse();
        (await story["n1"].CloneAsync(nobody, Stop)).Ok.ShouldBeFalse();
        (await story["n1"].LookAsync(Stop)).Data.ShouldBe(DataState.Usable);
        Directory.Exists(story.Data("n1") + ".new").ShouldBeFalse();
        await story.StepAsync("n1 start", n1 => n1.StartPrimaryAsync("", Stop), "n1");
        await story.IsAsync("n1", PostgresState.Primary);
    }
}
