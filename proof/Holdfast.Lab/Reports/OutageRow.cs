using Holdfast.Lab.Scenarios;

namespace Holdfast.Lab.Reports;

/// <summary>All runs of a fault under one variant.</summary>
sealed record OutageRow(Scenario Scenario, string Variant, IReadOnlyList<OutageRecord> Runs)
{
    /// <summary>Of the runs that came to their end, sorted.</summary>
    public IReadOnlyList<double> Outages { get; } = [.. Ended(Runs).Select(run => run.OutageMs).Order()];

    /// <summary>As <see cref="Outages"/>.</summary>
    public IReadOnlyList<double> Whole { get; } = [.. Ended(Runs).Select(run => run.WholeMs).Order()];

    public int Broken => Runs.Count - Outages.Count;
    public int Lost => Runs.Sum(run => run.Lost);
    public int DualWriters => Runs.Sum(run => run.DualWriters);

    static IEnumerable<OutageRecord> Ended(IEnumerable<OutageRecord> runs) => runs.Where(run => run.Problem is null);
}
