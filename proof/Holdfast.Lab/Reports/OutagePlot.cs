using System.Globalization;

namespace Holdfast.Lab.Reports;

/// <summary>The results as a plot (SVG): a row for each fault and variant, a dot for each run.</summary>
static class OutagePlot
{
    const int Left = 290, Width = 900, RowHeight = 26, Top = 30;

    public static string Draw(IReadOnlyList<OutageRecord> records)
    {
        var rows = OutageTable.Rows(records).ToList();
        var most = Math.Ceiling(records.Select(record => record.OutageMs).DefaultIfEmpty(1).Max() / 1_000);
        var height = Top + (rows.Count * RowHeight) + Top;
        var shapes = Enumerable.Range(0, (int)most + 1).Select(second => Line(second, most, height)).Concat(
            rows.SelectMany((row, index) => Dots(row, Top + (index * RowHeight) + (RowHeight / 2), most)));
        const string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\"";
        return $"{svg} width=\"{Width}\" height=\"{height}\">\n{string.Join('\n', shapes)}\n</svg>\n";
    }

    static string Line(int second, double most, int height) => string.Create(CultureInfo.InvariantCulture,
        $"""<path d="M{X(second, most):0} {Top} V{height - Top}" stroke="#ddd"/><text x="{X(second, most):0}" """
        + $"""y="{height - 10}" text-anchor="middle">{second} s</text>""");

    static IEnumerable<string> Dots(OutageRow row, int y, double most) =>
        row.Outages.Select(outage => string.Create(CultureInfo.InvariantCulture,
            $"""<circle cx="{X(outage / 1_000, most):0.0}" cy="{y}" r="4" fill="#2563eb" fill-opacity="0.5"/>"""))
        .Prepend(string.Create(CultureInfo.InvariantCulture,
            $"""<text x="{Left - 10}" y="{y + 4}" text-anchor="end">{row.Scenario.Name}, {row.Variant}</text>"""));

    static double X(double seconds, double most) => Left + (seconds / most * (Width - Left - 30));
}
