using System.Diagnostics.Metrics;
using Holdfast.Edge.Backends;

namespace Holdfast.Edge;

/// <summary>Meter <c>Holdfast.Edge</c>. Labels are words of the file and of the store, never of a client.</summary>
internal sealed class EdgeMetrics : IDisposable
{
    public const string MeterName = "Holdfast.Edge";

    /// <summary>Seconds; fine where an endpoint's target lies, and up to the default timeout.</summary>
    static readonly double[] s_buckets =
        [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    static readonly string[] s_classes = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

    readonly Meter _meter = new(MeterName);
    readonly Counter<long> _requests;
    readonly Counter<long> _errors;
    readonly Histogram<double> _duration;
    readonly UpDownCounter<long> _inFlight;
    readonly Counter<long> _retries;
    readonly Counter<long> _dropped;
    long _now;

    /// <param name="instances">Called for each page.</param>
    public EdgeMetrics(Func<IEnumerable<Instance>> instances)
    {
        _requests = _meter.CreateCounter<long>(
            "holdfast.edge.requests", null, "Requests that ended, by route, instance and status class");
        _errors = _meter.CreateCounter<long>(
            "holdfast.edge.errors", null, "Of them, those that failed for the user, by reason");
        _duration = _meter.CreateHistogram(
            "holdfast.edge.duration", "s", "From a request's head to the last byte of its answer",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = s_buckets });
        _inFlight = _meter.CreateUpDownCounter<long>("holdfast.edge.in_flight", null, "Requests under way");
        _retries = _meter.CreateCounter<long>(
            "holdfast.edge.retries", null, "Requests sent again, by the reason, from which instance");
        _dropped = _meter.CreateCounter<long>(
            "holdfast.edge.access_lines_dropped", null, "Lines of the access log lost since nobody read them in time");
        _meter.CreateObservableGauge(
            "holdfast.edge.instance_state", () => States(instances()), null, "1 for the state that an instance is in");
        _meter.CreateObservableGauge(
            "holdfast.edge.instance_up", () => Ups(instances()), null, "1 if the edge's own checks are good");
    }

    /// <summary>Requests under way.</summary>
    public long Now => Interlocked.Read(ref _now);

    public void Begun()
    {
        Interlocked.Increment(ref _now);
        _inFlight.Add(1);
    }

    public void Ended(string route, string instance, int status, double seconds)
    {
        Interlocked.Decrement(ref _now);
        _inFlight.Add(-1);
        var (byRoute, byInstance) = (Tag("route", route), Tag("instance", instance));
        var byStatus = Tag("status", s_classes[status is >= 100 and < 600 ? status / 100 : 0]);
        _requests.Add(1, byRoute, byInstance, byStatus);
        _duration.Record(seconds, byRoute, byInstance, byStatus);
    }

    public void Failed(string route, string instance, string reason) =>
        _errors.Add(1, Tag("route", route), Tag("instance", instance), Tag("reason", reason));

    public void Retried(string route, string instance, string reason) =>
        _retries.Add(1, Tag("route", route), Tag("instance", instance), Tag("reason", reason));

    public void LineDropped() => _dropped.Add(1);

    static IEnumerable<Measurement<int>> States(IEnumerable<Instance> instances) => instances.Select(instance =>
        new Measurement<int>(1, Tag("app", instance.App), Tag("instance", instance.Host),
            Tag("address", instance.Address), Tag("state", Word(instance.Standing))));

    static IEnumerable<Measurement<int>> Ups(IEnumerable<Instance> instances) => instances.Select(instance =>
        new Measurement<int>(instance.IsUp ? 1 : 0, Tag("app", instance.App), Tag("instance", instance.Host),
            Tag("address", instance.Address)));

    static string Word(Health.Standing standing) => standing switch
    {
        Health.Standing.Usable => "usable",
        Health.Standing.Suspect => "suspect",
        Health.Standing.PassedOver => "passed_over",
        Health.Standing.Untested => "untested",
        Health.Standing.Out => "out",
        _ => "draining",
    };

    static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    public void Dispose() => _meter.Dispose();
}
