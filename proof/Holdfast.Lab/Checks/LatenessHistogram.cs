using System.Globalization;

namespace Holdfast.Lab.Checks;

/// <summary>The buckets of a histogram in Prometheus' text: how many observations were at most so many
/// seconds.</summary>
/// <param name="Buckets">By upper bound; the last is infinite.</param>
sealed record LatenessHistogram(IReadOnlyList<(double Bound, double Count)> Buckets)
{
    const string Bucket = "holdfast_heartbeat_lateness_seconds_bucket", Bound = "le=\"";

    public static LatenessHistogram Read(string metrics) => new(
    [
        .. from line in metrics.Split('\n')
        where line.StartsWith(Bucket, StringComparison.Ordinal) && line.Contains(Bound, StringComparison.Ordinal)
        let label = line[(line.IndexOf(Bound, StringComparison.Ordinal) + Bound.Length)..]
        let bound = label[..label.IndexOf('"', StringComparison.Ordinal)]
        let most = bound is "+Inf" ? double.PositiveInfinity : Number(bound)
        orderby most
        select (most, Number(line[(line.LastIndexOf(' ') + 1)..])),
    ]);

    /// <summary>What was observed after <paramref name="earlier"/>; all, where that is another process's.</summary>
    public LatenessHistogram Since(LatenessHistogram earlier)
    {
        var before = earlier.Buckets.ToDictionary(bucket => bucket.Bound, bucket => bucket.Count);
        return Total < earlier.Total ? this : new LatenessHistogram(
            [.. Buckets.Select(bucket => (bucket.Bound, bucket.Count - before.GetValueOrDefault(bucket.Bound)))]);
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    public double Total => Buckets is [.., var last] ? last.Count : 0;

    /// <summary>The bound, in seconds, that this part of all observations was within; null: there are none.</summary>
    public double? Within(double part) => Total == 0 ? null
        : Buckets.First(bucket => bucket.Count >= part * Total).Bound;
}
