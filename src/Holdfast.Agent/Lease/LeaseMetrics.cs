using System.Diagnostics.Metrics;

namespace Holdfast.Agent.Lease;

/// <summary>How late the lease's thread wakes: what a loaded machine costs of the lease's margin.</summary>
static class LeaseMetrics
{
    /// <summary>Seconds. The margin is 0.5 s at a short ttl; the buckets are finest where it begins to
    /// matter.</summary>
    static readonly double[] s_buckets =
        [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1];

    static readonly Meter s_meter = new("Holdfast.Agent.Lease");
    static readonly Histogram<double> s_lateness = s_meter.CreateHistogram(
        "holdfast_heartbeat_lateness", "s", "How much later than it was due the lease's thread woke.",
        tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = s_buckets });

    /// <param name="late">Negative: it was woken before its time, which counts for nothing.</param>
    public static void Woke(TimeSpan late)
    {
        if (late >= TimeSpan.Zero)
            s_lateness.Record(late.TotalSeconds);
    }
}
