using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;
using Holdfast.Sim.Runs;

var seed = ulong.Parse(args[0]);
var count = args.Length > 1 ? int.Parse(args[1]) : 1;
var started = System.Diagnostics.Stopwatch.StartNew();
for (var i = 0; i < count; i++)
{
    var plan = FaultPlan.Of(seed + (ulong)i);
    if (count == 1)
        Console.WriteLine($"{plan.Settings}\n{string.Join("\n", plan.Faults.Select(f => f.Text))}");
    var result = SeedRun.Run(plan, Mutation.None, count == 1 ? Console.WriteLine : null);
    if (result.Broken is not null || count == 1)
        Console.WriteLine(result);
}
Console.WriteLine($"{started.Elapsed.TotalSeconds / count * 1000:0.0} ms each");
