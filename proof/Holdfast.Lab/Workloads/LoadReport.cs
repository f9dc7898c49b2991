using System.Text.Json.Serialization;

namespace Holdfast.Lab.Workloads;

/// <param name="DueMs">When it should have been sent: waiting behind a slow answer counts as latency.</param>
/// <param name="Error">Null: an answer of 200 to 399, whole.</param>
readonly record struct LoadAttempt(string Endpoint, double DueMs, double EndedMs, string? Error);

/// <summary>What one endpoint did. Latencies are of all requests, failed ones too.</summary>
/// <param name="LongestGapMs">The longest time without a good answer.</param>
sealed record LoadReport(
    int Requests,
    int Errors,
    [property: JsonPropertyName("p50_ms")] double P50Ms,
    [property: JsonPropertyName("p90_ms")] double P90Ms,
    [property: JsonPropertyName("p99_ms")] double P99Ms,
    double MaxMs,
    double LongestGapMs)
{
    /// <returns>By endpoint.</returns>
    public static SortedDictionary<string, LoadReport> Of(
        IEnumerable<LoadAttempt> attempts, double beganMs, double endedMs)
    {
        var reports = new SortedDictionary<string, LoadReport>(StringComparer.Ordinal);
        foreach (var endpoint in attempts.GroupBy(attempt => attempt.Endpoint, StringComparer.Ordinal))
            reports[endpoint.Key] = One([.. endpoint], beganMs, endedMs);
        return reports;
    }

    static LoadReport One(IReadOnlyList<LoadAttempt> attempts, double beganMs, double endedMs)
    {
        var latencies = attempts.Select(attempt => attempt.EndedMs - attempt.DueMs).Order().ToList();
        var good = attempts.Where(attempt => attempt.Error is null).Select(attempt => attempt.EndedMs).ToList();
        return new LoadReport(
            attempts.Count,
            attempts.Count - good.Count,
            TrafficReport.Percentile(latencies, 0.50),
            TrafficReport.Percentile(latencies, 0.90),
            TrafficReport.Percentile(latencies, 0.99),
            TrafficReport.Percentile(latencies, 1),
            Math.Round(TrafficReport.LongestGap(good, beganMs, endedMs)));
    }
}
