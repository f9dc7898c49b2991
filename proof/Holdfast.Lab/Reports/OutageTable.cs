using System.Globalization;
using Holdfast.Lab.Scenarios;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Reports;

/// <summary>The results as a table (Markdown) and as a plot (SVG): a row for each fault, a dot for each run.</summary>
static class OutageTable
{
    const int Left = 230, Width = 900, RowHeight = 26, Top = 30;

    public static string Table(IReadOnlyList<OutageRecord> records)
    {
        var lines = Rows(records).Select(row => string.Create(CultureInfo.InvariantCulture,
            $"| {row.Scenario.Meaning} | {row.Runs.Count} | {Seconds(row.Outages, 0.5)} | {Seconds(row.Outages, 1)} "
            + $"| {Seconds([.. row.Runs.Select(run => run.WholeMs).Order()], 0.5)} "
            + $"| {row.Runs.Sum(run => run.Lost)} | {row.Runs.Sum(run => run.DualWriters)} |"));
        return string.Join('\n', [
            "| fault | runs | outage p50, s | worst, s | whole again p50, s | lost | dual writers |",
            "|---|---|---|---|---|---|---|", .. lines, ""]);
    }

    public static string Plot(IReadOnlyList<OutageRecord> records)
    {
        var rows = Rows(records).ToList();
        var most = Math.Ceiling(records.Select(record => record.OutageMs).DefaultIfEmpty(1).Max() / 1_000);
        var height = Top + (rows.Count * RowHeight) + Top;
        var shapes = Enumerable.Range(0, (int)most + 1).Select(second => Line(second, most, height)).Concat(
            rows.SelectMany((row, index) => Dots(row, Top + (index * RowHeight) + (RowHeight / 2), most)));
        const string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\"";
        return $"{svg} width=\"{Width}\" height=\"{height}\">\n{string.Join('\n', shapes)}\n</svg>\n";
    }

    sealed record Row(Scenario Scenario, IReadOnlyList<OutageRecord> Runs)
    {
        public IReadOnlyList<double> Outages { get; } = [.. Runs.Select(run => run.OutageMs).Order()];
    }

    static IEnumerable<Row> Rows(IReadOnlyList<OutageRecord> records) =>
        from scenario in Scenario.All
        let runs = records.Where(record => record.Fault == scenario.Name).ToList()
        where runs.Count > 0
        select new Row(scenario, runs);

    static string Seconds(IReadOnlyList<double> sorted, double part) =>
        (TrafficReport.Percentile(sorted, part) / 1_000).ToString("0.00", CultureInfo.InvariantCulture);

    static string Line(int second, double most, int height) => string.Create(CultureInfo.InvariantCulture,
        $"""<path d="M{X(second, most):0} {Top} V{height - Top}" stroke="#ddd"/><text x="{X(second, most):0}" """
        + $"""y="{height - 10}" text-anchor="middle">{second} s</text>""");

    static IEnumerable<string> Dots(Row row, int y, double most) =>
        row.Outages.Select(outage => string.Create(CultureInfo.InvariantCulture,
            $"""<circle cx="{X(outage / 1_000, most):0.0}" cy="{y}" r="4" fill="#2563eb" fill-opacity="0.5"/>"""))
        .Prepend(string.Create(CultureInfo.InvariantCulture,
            $"""<text x="{Left - 10}" y="{y + 4}" text-anchor="end">{row.Scenario.Name}</text>"""));

    static double X(double seconds, double most) => Left + (seconds / most * (Width - Left - 30));
}
