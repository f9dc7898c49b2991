using Holdfast.Lab.Scenarios;

namespace Holdfast.Lab.Reports;

/// <summary>All runs of a fault under one variant.</summary>
sealed record OutageRow(Scenario Scenario, string Variant, IReadOnlyList<OutageRecord> Runs)
{
    /// <summary>Sorted.</summary>
    public IReadOnlyList<double> Outages { get; } = [.. Runs.Select(run => run.OutageMs).Order()];

    /// <summary>Sorted.</summary>
    public IReadOnlyList<double> Whole { get; } = [.. Runs.Select(run => run.WholeMs).Order()];

    public int Lost => Runs.Sum(run => run.Lost);
    public int DualWriters => Runs.Sum(run => run.DualWriters);
}
