using System.Collections.Immutable;
using System.CommandLine;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Rivals;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Commands;

static class RivalsCommand
{
    static readonly TimeSpan UpLimit = TimeSpan.FromSeconds(120);

    static readonly ImmutableArray<string> Faults = ["postmaster", "host", "agent-frozen", "cut", "switchover"];

    public static Command Create()
    {
        var (fault, runs) = (Options.Fault(), Options.Runs(5));
        var path = new Argument<string>("FILE") { Description = "The cluster file; for all of them" };
        var name = new Option<string>("--name") { Description = "Of the labs, one after the other", Required = true };
        var results = new Option<string>("--results") { Description = "A line of JSON for each run", Required = true };
        var table = new Option<string?>("--table") { Description = "Write the comparison there (Markdown)" };
        var command = new Command("rivals", "Measures the same faults with Holdfast and with Patroni, in turns")
        {
            path, fault, runs, results, table, name,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var request = LabRequest.Of(Path.GetFullPath(parsed.GetValue(path)!), parsed.GetValue(name)) with
            {
                FreePorts = true,
            };
            Scenario[] scenarios = parsed.GetValue(fault) is { } one
                ? [Scenario.Get(one)] : [.. Faults.Select(Scenario.Get)];
            var file = parsed.GetValue(results)!;
            await RunAsync(request, scenarios, parsed.GetValue(runs), file, interrupts.Graceful);
            var all = OutageFile.Read(file);
            Console.Write(RivalTable.Table(all));
            if (parsed.GetValue(table) is { } markdown)
                MarkdownFile.Put(markdown, RivalTable.Table(all));
            return all.All(record =>
                record is { Lost: 0, DualWriters: 0, Problem: null } or not { Variant: Variants.Holdfast }) ? 0 : 1;
        });
        return command;
    }

    /// <summary>All faults on one, then all on the next, and again: only one lab runs at a time, so that none costs
    /// another anything, and a noisy hour touches all of them.</summary>
    static async Task RunAsync(
        LabRequest request, Scenario[] scenarios, int runs, string results, CancellationToken stop)
    {
        for (var turn = 1; turn <= runs; turn++)
        {
            await BlockAsync(request, Variants.Holdfast, scenarios, turn, results, stop);
            foreach (var rival in Rival.All)
                await BlockAsync(rival.InPlaceOfHoldfast(request), rival.Name, scenarios, turn, results, stop);
        }
    }

    static async Task BlockAsync(
        LabRequest request, string variant, Scenario[] scenarios, int runs, string results, CancellationToken stop)
    {
        // A lab that a run left broken is replaced; the broken run counts, so this ends.
        while (new Series(LabPlan.Of(request), results, variant).IsIncomplete(scenarios, runs))
        {
            stop.ThrowIfCancellationRequested();
            var (state, _) = await LabUp.RunAsync(request, stop);
            try
            {
                using (var health = new Health(state, request.Cluster))
                {
                    if (await health.WaitAsync(UpLimit, stop) is { IsWhole: false } view)
                        throw new LabException($"{variant} did not come up: {string.Join("; ", view.Missing)}");
                }
                _ = await new Series(state, results, variant).RunAsync(scenarios, runs, stop);
            }
            finally
            {
                _ = await LabDown.RunAsync(state.Lab, LabDown.NoGrace, CancellationToken.None);
            }
        }
    }
}
