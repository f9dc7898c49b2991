using System.Globalization;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Reports;

namespace Holdfast.Lab.Scenarios;

/// <summary>Runs of scenarios on one lab until there are enough of each in the file of results.</summary>
sealed class Series(LabState state, string results, string variant)
{
    /// <summary>A run of each in turn, so that a noisy hour touches all of them alike.</summary>
    /// <returns>False: a run broke the lab, which needs to be replaced; the run is kept with its problem.</returns>
    public async Task<bool> RunAsync(IReadOnlyList<Scenario> scenarios, int runs, CancellationToken stop)
    {
        var run = new ScenarioRun(state.Lab, LabFile.Of(state), variant);
        foreach (var scenario in scenarios.Where(scenario => !CanRun(scenario)))
        {
            await Console.Error.WriteLineAsync(
                $"{scenario.Name} is skipped: the hosts have no disks of their own (lab up --disks 4G)");
        }
        for (var turn = 1; turn <= runs; turn++)
        {
            foreach (var scenario in scenarios.Where(scenario => CanRun(scenario) && Has(scenario) < turn))
            {
                var record = await TryAsync(run, scenario, stop);
                OutageFile.Append(results, record);
                await Console.Error.WriteLineAsync($"{variant}: {scenario.Name} {turn}: " + (record.Problem ?? string
                    .Create(CultureInfo.InvariantCulture, $"outage {record.OutageMs:0} ms, lost {record.Lost}, "
                    + $"dual writers {record.DualWriters}, whole again after {record.WholeMs:0} ms")));
                if (record.Problem is not null)
                    return false;
            }
        }
        return true;
    }

    async Task<OutageRecord> TryAsync(ScenarioRun run, Scenario scenario, CancellationToken stop)
    {
        try
        {
            return await run.RunAsync(scenario, stop);
        }
        catch (LabException failure)
        {
            return new OutageRecord(
                scenario.Name, TimeProvider.System.GetUtcNow(), 0, 0, 0, 0, 0, variant, failure.Message);
        }
    }

    /// <summary>Whether any of them lacks a run.</summary>
    public bool IsIncomplete(IEnumerable<Scenario> scenarios, int runs) =>
        scenarios.Any(scenario => CanRun(scenario) && Has(scenario) < runs);

    bool CanRun(Scenario scenario) => state.HasDisks || !scenario.NeedsDisks;

    int Has(Scenario scenario) => OutageFile.Read(results).Count(
        record => record.Fault == scenario.Name && record.Variant == variant);
}
