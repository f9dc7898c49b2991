using System.CommandLine;
using System.Diagnostics;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;

namespace Holdfast.Sim.Runs;

/// <summary>The command line.</summary>
internal static class Entry
{
    const int MutationSeedsMax = 500;

    static readonly Option<int> s_seeds = new("--seeds") { Description = "This many worlds, one seed each" };
    static readonly Option<ulong> s_first =
        new("--first") { Description = "The first of them", DefaultValueFactory = _ => 1 };
    static readonly Option<ulong?> s_seed = new("--seed") { Description = "The world of this seed" };
    static readonly Option<bool> s_trace = new("--trace") { Description = "Prints what happens in it" };
    static readonly Option<Mutation> s_mutation =
        new("--mutation") { Description = "Breaks this rule on purpose; alone: until it is caught" };
    static readonly Option<bool> s_mutations =
        new("--mutations") { Description = "Breaks each rule in turn, until it is caught" };
    static readonly Option<Mutation> s_focus =
        new("--focus") { Description = "Breaks nothing, and looks where this rule would be broken" };
    static readonly Option<string?> s_scenario = new("--scenario") { Description = "The world of this file" };
    static readonly Option<bool> s_shrink =
        new("--shrink") { Description = "With --seed: prints the shortest scenario that still breaks a promise" };

    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Simulated clusters: real decisions, virtual time. One seed, one trace.")
        {
            s_seeds, s_first, s_seed, s_trace, s_mutation, s_mutations, s_focus, s_scenario, s_shrink,
        };
        root.SetAction(parsed => Run(parsed));
        return root.Parse(args).InvokeAsync();
    }

    static int Run(ParseResult parsed)
    {
        var mutation = parsed.GetValue(s_mutation);
        var looked = mutation != Mutation.None ? mutation : parsed.GetValue(s_focus);
        var focus = looked == Mutation.None ? null : Focus.Of(looked);
        if (parsed.GetValue(s_scenario) is { } file)
            return OneScenario(Scenario.Read(file), parsed.GetValue(s_trace));
        if (parsed.GetValue(s_seed) is { } seed)
            return OneSeed(FaultPlan.Of(seed, focus), mutation, parsed.GetValue(s_trace), parsed.GetValue(s_shrink));
        if (parsed.GetValue(s_mutations))
        {
            var caught = Mutations.All.Select(each => IsCaught(each, parsed.GetValue(s_first))).ToList();
            return caught.TrueForAll(isCaught => isCaught) ? 0 : 1;
        }
        if (mutation != Mutation.None)
            return IsCaught(mutation, parsed.GetValue(s_first)) ? 0 : 1;
        return Seeds(parsed.GetValue(s_first), Math.Max(1, parsed.GetValue(s_seeds)), focus);
    }

    static int Seeds(ulong first, int count, Focus? focus)
    {
        var started = Stopwatch.StartNew();
        var results = ManySeeds.Run(first, count, Mutation.None, stopAtFirst: false, focus, result =>
        {
            if (result.Broken is not null)
                Print(result);
        });
        var broken = results.Count(result => result.Broken is not null);
        Console.WriteLine($"{count} seeds: {broken} broken promises, {results.Sum(result => result.Reigns)} reigns, "
            + $"{results.Sum(result => (long)result.Commits)} commits, "
            + $"{results.Sum(result => result.Lasted.TotalSeconds) / 3600:0.0} h of virtual time in "
            + $"{started.Elapsed.TotalSeconds:0} s");
        return broken == 0 ? 0 : 1;
    }

    static int OneSeed(FaultPlan plan, Mutation mutation, bool trace, bool shrink)
    {
        if (shrink)
        {
            Console.WriteLine(Scenario.Write(new Shrinker(mutation).Shrink(plan), mutation));
            return 0;
        }
        if (trace)
            Console.WriteLine(Scenario.Write(plan, mutation));
        var result = SeedRun.Run(plan, mutation, trace ? Console.WriteLine : null);
        Print(result);
        return result.Broken is null ? 0 : 1;
    }

    static int OneScenario(Scenario scenario, bool trace)
    {
        var result = SeedRun.Run(scenario.Plan, scenario.Mutation, trace ? Console.WriteLine : null);
        Print(result);
        return (result.Broken?.Promise ?? "") == scenario.Expected ? 0 : 1;
    }

    static bool IsCaught(Mutation mutation, ulong first)
    {
        var started = Stopwatch.StartNew();
        var results = ManySeeds.Run(first, MutationSeedsMax, mutation, stopAtFirst: true);
        var caught = results.FirstOrDefault(result => result.Broken is not null);
        Console.WriteLine(caught is null
            ? $"{mutation,-24} NOT CAUGHT by {results.Count} seeds"
            : $"{mutation,-24} caught by {results.Count} seeds in {started.Elapsed.TotalSeconds:0} s: "
                + $"seed {caught.Seed}: {caught.Broken!.Promise}: "
                + caught.Broken.What);
        return caught is not null;
    }

    static void Print(RunResult result) => Console.WriteLine(
        $"seed {result.Seed}: {(result.Broken is { } broken
            ? $"BROKEN at {broken.At.TotalSeconds:0.000} s: {broken.Promise}: {broken.What}" : "all promises kept")}"
        + $" ({result.Commits} commits, {result.Reigns} reigns, trace {result.Hash:x16})");
}
