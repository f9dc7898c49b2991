using Holdfast.Lab.Proxies;

namespace Holdfast.Lab.Reports;

/// <summary>The runs of each case: those of the series that measured it last.</summary>
sealed class ProxyRuns
{
    readonly ILookup<(string Case, string Path), ProxyRecord> _runs;

    public ProxyRuns(IReadOnlyList<ProxyRecord> records)
    {
        var newest = records.GroupBy(record => record.Case, StringComparer.Ordinal)
            .ToDictionary(runs => runs.Key, runs => runs.Last().Series, StringComparer.Ordinal);
        _runs = records.Where(record => record.Series == newest[record.Case])
            .ToLookup(record => (record.Case, record.Path));
    }

    /// <summary>All, those that failed too.</summary>
    public IReadOnlyList<ProxyRecord> Of(ProxyCase load, ProxyPath path) => [.. _runs[(load.Name, path.Name)]];

    public IReadOnlyList<ProxyRecord> Good(ProxyCase load, ProxyPath path) =>
        [.. Of(load, path).Where(run => run.Problem is null)];

    public bool Has(ProxyCase load, ProxyPath path) => Good(load, path).Count > 0;

    public double Rate(ProxyCase load, ProxyPath path) => Median(load, path, run => run.PerSecond);

    public double Median(ProxyCase load, ProxyPath path, Func<ProxyRecord, double> figure) =>
        MedianOf(Good(load, path).Select(figure));

    /// <summary>The median of the rounds' ratios, of the rounds that both have.</summary>
    public double Ratio(ProxyCase load, ProxyPath path, ProxyPath other, Func<ProxyRecord, double> figure)
    {
        var theirs = Good(load, other).ToLookup(run => run.Round, figure);
        return MedianOf(Good(load, path).Where(run => theirs.Contains(run.Round))
            .Select(run => figure(run) / theirs[run.Round].Last()));
    }

    static double MedianOf(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToList();
        return sorted.Count == 0 ? 0 : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
