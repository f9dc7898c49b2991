using System.Globalization;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Checks;

/// <summary>What clients of the proxy and around it were told, once the traffic has ended.</summary>
sealed record Acknowledgements(IReadOnlyList<Attempt> All)
{
    public static async Task<Acknowledgements> OfAsync(TrafficFlow flow) => new(
        [.. flow.Ledger.Attempts.Concat(flow.Probing is { } probing ? await probing : [])
            .Where(attempt => attempt.Outcome == Outcome.Acknowledged)]);

    /// <summary>The last one between two moments (since boot); null: none.</summary>
    public double? LastMs(double fromMs, double untilMs) => All
        .Where(attempt => attempt.EndedMs > fromMs && attempt.EndedMs <= untilMs)
        .Select(attempt => (double?)attempt.EndedMs).Max();

    /// <summary>Whether, from <paramref name="limitMs"/> after a cause until another moment, nobody wrote.</summary>
    public Verdict StoppedWithin(string demand, double causeMs, double limitMs, double untilMs)
    {
        var last = LastMs(causeMs, untilMs) - causeMs;
        return new Verdict(demand, last is null || last <= limitMs, last is { } late
            ? string.Create(CultureInfo.InvariantCulture, $"the last write was told {late / 1_000:0.00} s after it")
            : "no write after it");
    }

    /// <summary>Servers that acknowledged after a moment.</summary>
    public IReadOnlyList<string> ServersAfter(double fromMs) =>
        [.. All.Where(attempt => attempt.SentMs > fromMs).Select(attempt => attempt.Server ?? "").Distinct(
            StringComparer.Ordinal)];
}
