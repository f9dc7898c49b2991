using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;
using Holdfast.Sim.Runs;

var seed = ulong.Parse(args[0]);
var count = args.Length > 1 ? int.Parse(args[1]) : 1;
var mutation = args.Length > 2 ? Enum.Parse<Mutation>(args[2]) : Mutation.None;
var started = System.Diagnostics.Stopwatch.StartNew();
for (var i = 0; i < count; i++)
{
    var plan = FaultPlan.Of(seed + (ulong)i);
    if (count == 1)
        Console.WriteLine($"{plan.Settings}\n{string.Join("\n", plan.Faults.Select(f => f.Text))}");
    var result = SeedRun.Run(plan, mutation, count == 1 ? Console.WriteLine : null);
    if (result.Broken is not null || count == 1)
        Console.WriteLine($"{result.Seed} {plan.Settings.Mode} {result.Broken} hash {result.Hash:X} events {result.Events} commits {result.Commits} reigns {result.Reigns}");
}
Console.WriteLine($"{started.Elapsed.TotalSeconds / count * 1000:0.0} ms each");
