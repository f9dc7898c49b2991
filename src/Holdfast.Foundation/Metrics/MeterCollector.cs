using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Holdfast.Foundation.Metrics;

/// <summary>
/// Collects what this process measures with System.Diagnostics.Metrics, of the meters whose name begins with a prefix,
/// and
/// writes it as Prometheus text. Safe from any thread. Recording allocates nothing once a label set is known.
/// </summary>
public sealed class MeterCollector : IDisposable
{
    readonly Lock _page = new();
    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();

    /// <param name="meterPrefix">For example <c>Holdfast.</c></param>
    public MeterCollector(string meterPrefix)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(meterPrefix, StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, MetricFamily.Of));
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out MetricFamily? _);
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(state, value, tags));
        _listener.Start();
    }

    /// <summary>Asks the observable instruments, and writes everything, in the order of names.</summary>
    public void WriteTo(PrometheusText text)
    {
        lock (_page)
        {
            foreach (var family in _families.Values)
                family.ForgetObserved();
            _listener.RecordObservableInstruments();
            foreach (var family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
                family.WriteTo(text);
        }
    }

    public void Dispose() => _listener.Dispose();

    static void Record(object? family, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((MetricFamily)family!).Record(value, tags);
}
