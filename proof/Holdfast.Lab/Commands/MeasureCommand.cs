using System.CommandLine;
using System.Globalization;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Scenarios;

namespace Holdfast.Lab.Commands;

static class MeasureCommand
{
    const int RunsMax = 1_000;

    public static Command Create()
    {
        var fault = new Option<string?>("--fault")
        {
            Description = $"{string.Join(", ", Scenario.All.Select(scenario => scenario.Name))}; default: all",
        };
        var runs = new Option<int>("--runs")
        {
            Description = "Runs of each fault in the file of results when this ends; those there count",
            DefaultValueFactory = static _ => 10,
        };
        var results = new Option<string>("--results") { Description = "A line of JSON for each run", Required = true };
        var table = new Option<string?>("--table") { Description = "Write the table of all results there (Markdown)" };
        var plot = new Option<string?>("--plot") { Description = "Write the plot of all results there (SVG)" };
        var name = Options.Name();
        var command = new Command("measure", "Carries out faults again and again under traffic, and keeps the outages")
        {
            fault, runs, results, table, plot, name,
        };
        command.SetAction(async (parsed, _) =>
        {
            using var interrupts = new Interrupts();
            var count = parsed.GetValue(runs);
            if (count is not (> 0 and <= RunsMax))
                throw new LabException($"--runs must be 1 to {RunsMax}, not {count}");
            var file = parsed.GetValue(results)!;
            Scenario[] scenarios = parsed.GetValue(fault) is { } one ? [Scenario.Get(one)] : [.. Scenario.All];
            await RunAsync(Labs.Get(parsed.GetValue(name)), scenarios, count, file, interrupts.Graceful);
            var all = OutageFile.Read(file);
            Console.Write(OutageTable.Table(all));
            if (parsed.GetValue(table) is { } markdown)
                File.WriteAllText(markdown, OutageTable.Table(all));
            if (parsed.GetValue(plot) is { } picture)
                File.WriteAllText(picture, OutageTable.Plot(all));
            return all.All(record => record is { Lost: 0, DualWriters: 0 }) ? 0 : 1;
        });
        return command;
    }

    // A run of each in turn, so that a noisy hour touches all of them alike.
    static async Task RunAsync(
        LabState state, Scenario[] scenarios, int runs, string results, CancellationToken stop)
    {
        var run = new ScenarioRun(state.Lab, LabFile.Of(state));
        for (var turn = 1; turn <= runs; turn++)
        {
            foreach (var scenario in scenarios)
            {
                if (OutageFile.Read(results).Count(record => record.Fault == scenario.Name) >= turn)
                    continue;
                var record = await run.RunAsync(scenario, stop);
                OutageFile.Append(results, record);
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                    $"{scenario.Name} {turn}: outage {record.OutageMs:0} ms, lost {record.Lost}, " +
                    $"dual writers {record.DualWriters}, whole again after {record.WholeMs:0} ms"));
            }
        }
    }
}
