using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;
using Holdfast.Sim.Runs;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Sim;

public sealed class SeedRunTests
{
    const int SeedsPerStory = 60, SeedsPerWholeStory = 4;

    [Fact]
    public void A_seed_run_twice_gives_the_same_trace()
    {
        var lines = new List<string>[] { [], [] };
        var results = lines.Select(each => SeedRun.Run(FaultPlan.Of(7), Mutation.None, each.Add)).ToList();

        results[1].ShouldBe(results[0]);
        lines[1].ShouldBe(lines[0]);
        SeedRun.Run(FaultPlan.Of(7)).Hash.ShouldBe(results[0].Hash, "whether somebody reads it changes nothing");
        SeedRun.Run(FaultPlan.Of(8)).Hash.ShouldNotBe(results[0].Hash);
    }

    [Fact]
    public void A_plan_written_as_a_scenario_and_read_again_gives_the_same_trace()
    {
        var plan = FaultPlan.Of(11);
        var read = Scenario.Parse(Scenario.Write(plan, Mutation.None).Split('\n'));

        SeedRun.Run(read.Plan).Hash.ShouldBe(SeedRun.Run(plan).Hash);
    }

    [Fact]
    public void Every_scenario_ends_as_it_says()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "proof/Holdfast.Sim/scenarios"), "*.txt");
        files.ShouldNotBeEmpty();
        foreach (var scenario in files.Select(file => (Name: file, Told: Scenario.Read(file))))
        {
            var broken = SeedRun.Run(scenario.Told.Plan, scenario.Told.Mutation).Broken;
            (broken?.Promise ?? "").ShouldBe(scenario.Told.Expected, $"{scenario.Name}: {broken?.What}");
        }
    }

    [Fact]
    public void A_failing_seed_shrinks_to_fewer_faults_that_still_break_the_promise()
    {
        const Mutation Broken = Mutation.TicketForgotten;
        const int SeedsMax = 50;
        var plan = Enumerable.Range(1, SeedsMax).Select(seed => FaultPlan.Of((ulong)seed, Focus.Of(Broken)))
            .First(plan => SeedRun.Run(plan, Broken).Broken is not null);

        var shortest = new Shrinker(Broken).Shrink(plan);

        shortest.Faults.Count.ShouldBeLessThan(plan.Faults.Count);
        SeedRun.Run(shortest, Broken).Broken.ShouldNotBeNull();
    }

    public static TheoryData<string> Told =>
        [.. Mutations.All.Where(mutation => Focus.Of(mutation).Story is not null).Select(mutation => $"{mutation}")];

    [Theory, MemberData(nameof(Told))]
    public void A_story_catches_the_broken_rule_that_it_is_told_for_and_breaks_nothing_by_itself(string mutation)
    {
        var broken = Enum.Parse<Mutation>(mutation);

        ManySeeds.Run(first: 1, SeedsPerStory, broken, stopAtFirst: true)
            .ShouldContain(result => result.Broken != null);
        ManySeeds.Run(first: 1, SeedsPerWholeStory, Mutation.None, stopAtFirst: false, Focus.Of(broken))
            .Where(result => result.Broken is not null)
            .Select(result => $"seed {result.Seed}: {result.Broken}")
            .ShouldBeEmpty();
    }
}
