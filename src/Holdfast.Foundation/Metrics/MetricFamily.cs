using System.Diagnostics.Metrics;

namespace Holdfast.Foundation.Metrics;

/// <summary>One instrument and the values of each of its label sets. Guarded by its own lock, held for one
/// addition.</summary>
sealed class MetricFamily
{
    /// <summary>More label sets than this are not told apart: a label that somebody fills with user input must not
    /// become a leak.</summary>
    public const int SeriesMax = 200;

    /// <summary>Seconds: from a millisecond to the longest failover worth a bucket.</summary>
    static readonly double[] BucketsByDefault =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    readonly Lock _lock = new();
    readonly List<MetricSeries> _series = [];
    readonly string _help;
    readonly MetricKind _kind;
    readonly bool _adds;
    readonly bool _observed;
    readonly double[] _buckets;
    MetricSeries? _rest;

    MetricFamily(Instrument instrument, MetricKind kind, bool adds, double[] buckets)
    {
        _kind = kind;
        _adds = adds;
        _buckets = buckets;
        _observed = instrument.IsObservable;
        _help = instrument.Description ?? "";
        Name = NameOf(instrument, kind);
    }

    public string Name { get; }

    public static MetricFamily Of(Instrument instrument)
    {
        var type = instrument.GetType();
        var generic = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (generic == typeof(Histogram<>))
            return new(instrument, MetricKind.Histogram, adds: true, BucketsOf(instrument));
        if (generic == typeof(Counter<>))
            return new(instrument, MetricKind.Counter, adds: true, []);
        if (generic == typeof(ObservableCounter<>))
            return new(instrument, MetricKind.Counter, adds: false, []);
        return new(instrument, MetricKind.Gauge, adds: generic == typeof(UpDownCounter<>), []);
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
            SeriesOf(tags).Record(value, _adds);
    }

    /// <summary>An observable instrument tells all its label sets each time: one that it no longer tells is
    /// gone.</summary>
    public void ForgetObserved()
    {
        if (!_observed)
            return;
        lock (_lock)
            _series.Clear();
    }

    public void WriteTo(PrometheusText text)
    {
        lock (_lock)
        {
            if (_series.Count == 0)
                return;
            text.Family(Name, _help, _kind);
            foreach (var series in _series)
                series.WriteTo(text, Name);
            _rest?.WriteTo(text, Name);
        }
    }

    MetricSeries SeriesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var series in _series)
        {
            if (series.Has(tags))
                return series;
        }
        if (_series.Count >= SeriesMax)
            return _rest ??= new MetricSeries([new("overflow", "true")], _buckets);
        var added = new MetricSeries(tags, _buckets);
        _series.Add(added);
        return added;
    }

    static double[] BucketsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(edge => (double)edge)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(edge => (double)edge)],
        _ => BucketsByDefault,
    };

    // Prometheus' conventions: the unit in the name, and counters end with _total.
    static string NameOf(Instrument instrument, MetricKind kind)
    {
        var name = PrometheusText.Name(instrument.Name);
        var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal))
            name += unit;
        return kind == MetricKind.Counter && !name.EndsWith("_total", StringComparison.Ordinal)
            ? name + "_total"
            : name;
    }
}
