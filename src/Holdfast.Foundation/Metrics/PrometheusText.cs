using System.Globalization;
using System.Text;

namespace Holdfast.Foundation.Metrics;

public enum MetricKind
{
    Gauge,
    Counter,
    Histogram,
}

/// <summary>Writes one page of Prometheus' text format 0.0.4 (Prometheus documentation, "Exposition formats").
/// One page, one writer: not safe from several threads.</summary>
public sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    readonly StringBuilder _page = new(4096);

    /// <summary>Begins a metric; its samples must follow before the next one begins.</summary>
    public void Family(string name, string help, MetricKind kind)
    {
        if (help.Length > 0)
        {
            _page.Append("# HELP ").Append(name).Append(' ');
            Escape(help, quotes: false);
            _page.Append('\n');
        }
        _page.Append("# TYPE ").Append(name).Append(' ').Append(Word(kind)).Append('\n');
    }

    public void Sample(string name, ReadOnlySpan<KeyValuePair<string, string>> labels, double value) =>
        Sample(name, labels, Number(value));

    /// <param name="name">The metric's, or with one of a histogram's endings.</param>
    /// <param name="labels">Names must be valid label names; values may be any text.</param>
    /// <param name="value">A number as it shall stand there.</param>
    public void Sample(string name, ReadOnlySpan<KeyValuePair<string, string>> labels, string value)
    {
        _page.Append(name);
        if (!labels.IsEmpty)
        {
            var separator = '{';
            foreach (var (label, text) in labels)
            {
                _page.Append(separator).Append(label).Append("=\"");
                Escape(text, quotes: true);
                _page.Append('"');
                separator = ',';
            }
            _page.Append('}');
        }
        _page.Append(' ').Append(value).Append('\n');
    }

    public override string ToString() => _page.ToString();

    /// <summary>A name that the format allows: letters, digits and underscores, not beginning with a digit.</summary>
    public static string Name(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (var letter in text)
            name.Append(char.IsAsciiLetterOrDigit(letter) ? letter : '_');
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            name.Insert(0, '_');
        return name.ToString();
    }

    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    static string Word(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Histogram => "histogram",
        _ => "gauge",
    };

    void Escape(string text, bool quotes)
    {
        foreach (var letter in text)
        {
            _ = letter switch
            {
                '\\' => _page.Append("\\\\"),
                '\n' => _page.Append("\\n"),
                '"' when quotes => _page.Append("\\\""),
                _ => _page.Append(letter),
            };
        }
    }
}
