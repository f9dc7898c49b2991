namespace Holdfast.Foundation.Metrics;

/// <summary>The value, or the histogram, of one label set. Its family guards it.</summary>
sealed class MetricSeries
{
    readonly KeyValuePair<string, object?>[] _tags;
    readonly KeyValuePair<string, string>[] _labels;
    readonly double[] _edges;
    readonly long[] _counts;
    double _value;

    /// <param name="tags">As they were recorded.</param>
    /// <param name="edges">Upper edges of a histogram's buckets, ascending; empty: not a histogram.</param>
    public MetricSeries(ReadOnlySpan<KeyValuePair<string, object?>> tags, double[] edges)
    {
        _tags = tags.ToArray();
        _labels = [.. _tags.Select(tag =>
            KeyValuePair.Create(PrometheusText.Name(tag.Key), tag.Value?.ToString() ?? ""))];
        _edges = edges;
        _counts = new long[edges.Length == 0 ? 0 : edges.Length + 1];
    }

    public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != _tags.Length)
            return false;
        for (var at = 0; at < tags.Length; at++)
        {
            if (!string.Equals(tags[at].Key, _tags[at].Key, StringComparison.Ordinal)
                || !Equals(tags[at].Value, _tags[at].Value))
                return false;
        }
        return true;
    }

    /// <param name="value">What was measured.</param>
    /// <param name="adds">False: it takes the place of the former value.</param>
    public void Record(double value, bool adds)
    {
        _value = adds ? _value + value : value;
        if (_counts.Length > 0)
            _counts[Bucket(value)]++;
    }

    public void WriteTo(PrometheusText text, string name)
    {
        if (_counts.Length == 0)
            text.Sample(name, _labels, _value);
        else
            WriteHistogram(text, name);
    }

    void WriteHistogram(PrometheusText text, string name)
    {
        var labels = new KeyValuePair<string, string>[_labels.Length + 1];
        _labels.CopyTo(labels, 0);
        long below = 0;
        for (var at = 0; at < _counts.Length; at++)
        {
            below += _counts[at];
            var edge = at < _edges.Length ? _edges[at] : double.PositiveInfinity;
            labels[^1] = new("le", PrometheusText.Number(edge));
            text.Sample(name + "_bucket", labels, below);
        }
        text.Sample(name + "_sum", _labels, _value);
        text.Sample(name + "_count", _labels, below);
    }

    int Bucket(double value)
    {
        var at = 0;
        while (at < _edges.Length && value > _edges[at])
            at++;
        return at;
    }
}
