using System.Text.Json.Serialization;

namespace Holdfast.Lab.Workloads;

/// <summary>The answer of <c>lab traffic -o json</c>.</summary>
/// <param name="Acknowledged">Inserts that the server said are committed.</param>
/// <param name="Errors">Failures by SQLSTATE or short word; those of readers begin with <c>read_</c>.</param>
/// <param name="LongestOutageMs">The longest time without an acknowledged insert, over all workers.</param>
/// <param name="Lost">Acknowledged, by whatever way, and not in the table.</param>
/// <param name="InDoubt">Sent, and never answered for certain.</param>
/// <param name="P50Ms">Of acknowledged inserts.</param>
/// <param name="P99Ms">Of acknowledged inserts.</param>
/// <param name="DualWriters">Only with <c>--direct</c>: acknowledgements of a server after another had taken
/// over.</param>
sealed record TrafficReport(
    int Acknowledged,
    IReadOnlyDictionary<string, int> Errors,
    double LongestOutageMs,
    int Lost,
    int InDoubt,
    [property: JsonPropertyName("p50_ms")] double P50Ms,
    [property: JsonPropertyName("p99_ms")] double P99Ms,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? DualWriters)
{
    /// <param name="ledger">Of the run.</param>
    /// <param name="probed">Acknowledgements that direct writers got: they may not be lost either.</param>
    /// <param name="present">The ids that the table holds.</param>
    /// <param name="beganMs">When the workers began, since boot.</param>
    /// <param name="endedMs">When they were told to stop.</param>
    /// <param name="dualWriters">Null when nobody looked.</param>
    public static TrafficReport Of(
        Ledger ledger,
        IReadOnlyList<Attempt> probed,
        IReadOnlySet<long> present,
        double beganMs,
        double endedMs,
        int? dualWriters)
    {
        var acknowledged = ledger.Attempts.Where(attempt => attempt.Outcome == Outcome.Acknowledged).ToList();
        var latencies = acknowledged.Select(attempt => attempt.EndedMs - attempt.SentMs).Order().ToList();
        return new TrafficReport(
            acknowledged.Count,
            ledger.Errors,
            Math.Round(LongestGap([.. acknowledged.Select(attempt => attempt.EndedMs)], beganMs, endedMs)),
            acknowledged.Concat(probed).Count(attempt => !present.Contains(attempt.Id)),
            ledger.Attempts.Count(attempt => attempt.Outcome == Outcome.InDoubt),
            Percentile(latencies, 0.50),
            Percentile(latencies, 0.99),
            dualWriters);
    }

    /// <summary>From the first acknowledgement on (before it the workers were connecting); the end counts as one, so
    /// that an outage that never ended is seen too.</summary>
    internal static double LongestGap(IReadOnlyCollection<double> acknowledged, double began, double ended)
    {
        var (longest, last) = (0.0, acknowledged.DefaultIfEmpty(began).Min());
        foreach (var at in acknowledged.Where(at => at <= ended).Order().Append(ended))
        {
            longest = Math.Max(longest, at - last);
            last = at;
        }
        return longest;
    }

    internal static double Percentile(IReadOnlyList<double> sorted, double part) =>
        sorted.Count == 0 ? 0 : Math.Round(sorted[(int)Math.Ceiling(part * sorted.Count) - 1], 2);
}
