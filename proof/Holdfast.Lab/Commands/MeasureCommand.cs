using System.CommandLine;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Commands;

static class MeasureCommand
{
    /// <summary>Exit code: go on with a new lab.</summary>
    const int BrokenLab = 3;

    public static Command Create()
    {
        var (fault, runs) = (Options.Fault(), Options.Runs(10));
        var results = new Option<string>("--results") { Description = "A line of JSON for each run", Required = true };
        var table = new Option<string?>("--table") { Description = "Write the table of all results there (Markdown)" };
        var plot = new Option<string?>("--plot") { Description = "Write the plot of all results there (SVG)" };
        var variant = new Option<string>("--variant")
        {
            Description = "What the runs are called in the results; runs of another variant do not count for --runs",
            DefaultValueFactory = static _ => Variants.Lease,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "KEY=VALUE of the dynamic configuration, changed before the first run",
            AllowMultipleArgumentsPerToken = true,
        };
        var name = Options.Name();
        var command = new Command("measure", "Carries out faults again and again under traffic, and keeps the outages")
        {
            fault, runs, results, table, plot, variant, set, name,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var state = Labs.Get(parsed.GetValue(name));
            var file = parsed.GetValue(results)!;
            await ChangeAsync(state, parsed.GetValue(set) ?? [], interrupts.Graceful);
            var series = new Series(state, file, parsed.GetValue(variant)!);
            var scenarios = Options.Scenarios(parsed.GetValue(fault));
            var ended = await series.RunAsync(scenarios, parsed.GetValue(runs), interrupts.Graceful);
            var all = OutageFile.Read(file);
            Console.Write(OutageTable.Table(all));
            if (parsed.GetValue(table) is { } markdown)
                File.WriteAllText(markdown, OutageTable.Table(all));
            if (parsed.GetValue(plot) is { } picture)
                File.WriteAllText(picture, OutagePlot.Draw(all));
            return !ended ? BrokenLab : all.All(record => record is { Lost: 0, DualWriters: 0, Problem: null }) ? 0 : 1;
        });
        return command;
    }

    static async Task ChangeAsync(LabState state, string[] lines, CancellationToken stop)
    {
        if (lines is [])
            return;
        using var client = new ClusterClient(state);
        var leader = (await client.TryClusterAsync(stop))?.Leader
            ?? throw new LabException("nobody leads: nobody to give the settings to");
        await DynamicConfiguration.ApplyAsync(
            state, LabFile.Of(state), leader.Name, DynamicConfiguration.Patch(lines), stop);
    }
}
