using System.Diagnostics.Metrics;
using Holdfast.Foundation.Metrics;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Foundation.Metrics;

public sealed class MeterCollectorTests : IDisposable
{
    // A name of its own for each test: meters are known to the whole process.
    readonly string _name = "Test" + Guid.NewGuid().ToString("N");
    readonly Meter _meter;
    readonly MeterCollector _collector;

    public MeterCollectorTests()
    {
        _meter = new Meter(_name);
        _collector = new MeterCollector(_name);
    }

    [Fact]
    public void A_counter_adds_up_per_label_set()
    {
        var counter = _meter.CreateCounter<long>("holdfast.switchovers", description: "Switchovers asked for.");
        counter.Add(1, new KeyValuePair<string, object?>("result", "done"));
        counter.Add(2, new KeyValuePair<string, object?>("result", "done"));
        counter.Add(5, new KeyValuePair<string, object?>("result", "failed"));
        Page().ShouldBe(
            """
            # HELP holdfast_switchovers_total Switchovers asked for.
            # TYPE holdfast_switchovers_total counter
            holdfast_switchovers_total{result="done"} 3
            holdfast_switchovers_total{result="failed"} 5

            """);
    }

    [Fact]
    public void A_histogram_counts_into_buckets_of_seconds()
    {
        var histogram = _meter.CreateHistogram("holdfast.turn", "s", "", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in (double[])[0.05, 0.1, 0.5, 7])
            histogram.Record(seconds);
        Page().ShouldBe(
            """
            # TYPE holdfast_turn_seconds histogram
            holdfast_turn_seconds_bucket{le="0.1"} 2
            holdfast_turn_seconds_bucket{le="1"} 3
            holdfast_turn_seconds_bucket{le="+Inf"} 4
            holdfast_turn_seconds_sum 7.65
            holdfast_turn_seconds_count 4

            """);
    }

    [Fact]
    public void An_observed_gauge_shows_what_it_says_now()
    {
        var value = 7;
        var names = new List<string> { "a", "b" };
        _meter.CreateObservableGauge("holdfast.durable_copies", () =>
            names.Select(name => new Measurement<int>(value, new KeyValuePair<string, object?>("name", name))));
        Page().ShouldContain("holdfast_durable_copies{name=\"b\"} 7\n");
        value = 8;
        names.Remove("b");
        Page().ShouldBe("# TYPE holdfast_durable_copies gauge\nholdfast_durable_copies{name=\"a\"} 8\n");
    }

    [Fact]
    public void An_up_and_down_counter_is_a_gauge()
    {
        var held = _meter.CreateUpDownCounter<int>("holdfast.held");
        held.Add(3);
        held.Add(-1);
        Page().ShouldBe("# TYPE holdfast_held gauge\nholdfast_held 2\n");
    }

    [Fact]
    public void A_set_of_labels_without_end_does_not_grow_without_end()
    {
        var counter = _meter.CreateCounter<long>("holdfast.clients");
        for (var client = 0; client < 1000; client++)
            counter.Add(1, new KeyValuePair<string, object?>("client", client));
        Page().Split('\n').Count(line => line.StartsWith("holdfast_clients_total", StringComparison.Ordinal))
            .ShouldBe(201);
        Page().ShouldContain("holdfast_clients_total{overflow=\"true\"} 800\n");
    }

    [Fact]
    public void Another_meter_is_not_collected()
    {
        using var other = new Meter("Other" + _name);
        other.CreateCounter<long>("stranger").Add(1);
        Page().ShouldBeEmpty();
    }

    [Fact]
    public void Labels_and_helps_are_escaped()
    {
        var text = new PrometheusText();
        text.Family("x", "back\\slash\nand \"quotes\"", MetricKind.Gauge);
        text.Sample("x", [new("path", "C:\\dir\n\"here\"")], double.NaN);
        text.ToString().ShouldBe(
            "# HELP x back\\\\slash\\nand \"quotes\"\n# TYPE x gauge\nx{path=\"C:\\\\dir\\n\\\"here\\\"\"} NaN\n");
    }

    [Theory]
    [InlineData("holdfast.lease-renewals", "holdfast_lease_renewals")]
    [InlineData("5xx", "_5xx")]
    [InlineData("", "_")]
    public void A_name_is_made_valid(string text, string name) => PrometheusText.Name(text).ShouldBe(name);

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    string Page()
    {
        var text = new PrometheusText();
        _collector.WriteTo(text);
        return text.ToString();
    }
}
