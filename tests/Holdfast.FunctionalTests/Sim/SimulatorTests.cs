using Holdfast.Sim.Checks;
using Holdfast.Sim.Runs;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Sim;

/// <summary>What takes a simulator minutes of processor time rather than milliseconds.</summary>
public sealed class SimulatorTests
{
    const int Seeds = 500, SeedsPerMutation = 2500;

    [Fact]
    public void No_promise_breaks_in_500_worlds() =>
        ManySeeds.Run(first: 1, Seeds, Mutation.None, stopAtFirst: false)
            .Where(result => result.Broken is not null)
            .Select(result => $"seed {result.Seed}: {result.Broken}")
            .ShouldBeEmpty();

    /// <summary>Those with a story are caught at once: <c>SeedRunTests</c>.</summary>
    public static TheoryData<string> Broken =>
        [.. Mutations.All.Where(mutation => Focus.Of(mutation).Story is null).Select(mutation => mutation.ToString())];

    [Theory, MemberData(nameof(Broken))]
    public void A_rule_broken_on_purpose_is_caught(string mutation) =>
        ManySeeds.Run(first: 1, SeedsPerMutation, Enum.Parse<Mutation>(mutation), stopAtFirst: true)
            .ShouldContain(result => result.Broken != null);
}
