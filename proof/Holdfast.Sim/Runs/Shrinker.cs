using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;

namespace Holdfast.Sim.Runs;

/// <summary>Leaves out faults, and shortens what is left, as long as a promise still breaks.</summary>
internal sealed class Shrinker(Mutation mutation)
{
    public FaultPlan Shrink(FaultPlan plan)
    {
        if (SeedRun.Run(plan, mutation).Broken is not { } broken)
            return plan;
        var shortest = plan with { FaultsEnd = Min(plan.FaultsEnd, broken.At) };
        shortest = Breaks(shortest) ? shortest : plan;
        for (var at = shortest.Faults.Count - 1; at >= 0; at--)
        {
            var without = shortest with { Faults = [.. shortest.Faults.Where((_, index) => index != at)] };
            if (Breaks(without))
                shortest = without;
        }
        for (var at = 0; at < shortest.Faults.Count; at++)
        {
            var fault = shortest.Faults[at];
            var quicker = shortest with
            {
                Faults = [.. shortest.Faults.Select((other, index) =>
                    index == at ? fault with { For = fault.For / 2 } : other)],
            };
            if (Breaks(quicker))
                shortest = quicker;
        }
        return shortest;
    }

    bool Breaks(FaultPlan plan) => SeedRun.Run(plan, mutation).Broken is not null;

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
