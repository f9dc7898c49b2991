using Holdfast.Sim.Checks;
using Holdfast.Sim.Faults;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Runs;

/// <summary>What came of one world.</summary>
internal sealed record RunResult(
    ulong Seed, BrokenPromise? Broken, ulong Hash, TimeSpan Lasted, long Events, int Commits, int Reigns);

/// <summary>One world from its beginning to peace, or to the first broken promise.</summary>
internal static class SeedRun
{
    static readonly TimeSpan s_peaceMax = TimeSpan.FromSeconds(90);

    public static RunResult Run(FaultPlan plan, Mutation mutation = Mutation.None, Action<string>? trace = null)
    {
        var world = new SimWorld(plan.Settings, mutation, trace);
        new Genesis(world).Begin();
        new Injector(world).Plan(plan.Faults);
        world.Queue.Run(plan.FaultsEnd, () => world.Ledger.Broken is not null);
        // A fault that began last may last a little longer.
        var calm = plan.Faults.Select(fault => fault.At + fault.For).Append(plan.FaultsEnd).Max();
        world.Queue.Run(calm, () => world.Ledger.Broken is not null);
        world.IsPeace = true;
        world.Say($"peace");
        var peace = new Peace(world);
        world.Nature.After(TimeSpan.Zero, peace.Look);
        world.Queue.Run(calm + s_peaceMax, () => peace.IsReached || world.Ledger.Broken is not null);
        if (world.Ledger.Broken is null)
            peace.Judge();
        return new RunResult(
            plan.Settings.Seed, world.Ledger.Broken, world.Queue.Hash, world.Now, world.Queue.Ran,
            world.Ledger.Commits, world.Ledger.Reigns);
    }
}
