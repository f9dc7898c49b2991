using System.Globalization;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Reports;

/// <summary>The results as a table (Markdown): a row for each fault and variant.</summary>
static class OutageTable
{
    public static string Table(IReadOnlyList<OutageRecord> records)
    {
        var lines = Rows(records).Select(row => string.Create(CultureInfo.InvariantCulture,
            $"| {row.Scenario.Meaning} | {row.Variant} | {Runs(row)} | {Seconds(row.Outages, 0.5)} "
            + $"| {Seconds(row.Outages, 1)} | {Seconds(row.Whole, 0.5)} | {row.Lost} | {row.DualWriters} "
            + $"| {Required(row)} | {(IsMet(row) ? "yes" : "**no**")} |"));
        return string.Join('\n', [
            "| fault | variant | runs | outage p50, s | worst, s | whole again p50, s | lost | dual writers | required "
            + "| met |",
            "|---|---|---|---|---|---|---|---|---|---|", .. lines, ""]);
    }

    /// <summary>Rows that have runs, in the order of the scenarios.</summary>
    internal static IEnumerable<OutageRow> Rows(IReadOnlyList<OutageRecord> records) =>
        from scenario in Scenario.All
        from runs in records.Where(record => record.Fault == scenario.Name)
            .GroupBy(record => record.Variant, StringComparer.Ordinal)
        select new OutageRow(scenario, runs.Key, [.. runs]);

    /// <summary>In seconds, with two digits.</summary>
    internal static string Seconds(IReadOnlyList<double> sortedMs, double part) =>
        (TrafficReport.Percentile(sortedMs, part) / 1_000).ToString("0.00", CultureInfo.InvariantCulture);

    static string Runs(OutageRow row) =>
        row.Broken == 0 ? $"{row.Runs.Count}" : $"{row.Runs.Count}, {row.Broken} broken";

    static string Required(OutageRow row) => Limit(row) is { } limit
        ? string.Create(CultureInfo.InvariantCulture, $"p50 <= {limit:0.0} s, 0 lost, 0 dual")
        : string.Create(CultureInfo.InvariantCulture, $"worst < {Requirement.WorstSeconds:0} s, 0 lost, 0 dual");

    static bool IsMet(OutageRow row) => row is { Lost: 0, DualWriters: 0, Broken: 0 }
        && row.Outages.All(outage => outage < Requirement.WorstSeconds * 1_000)
        && (Limit(row) is not { } limit || TrafficReport.Percentile(row.Outages, 0.5) <= limit * 1_000);

    static double? Limit(OutageRow row) => Requirement.MedianSeconds(row.Scenario.Name, row.Variant);
}
