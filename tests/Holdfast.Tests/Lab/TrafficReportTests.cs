using System.Text.Json;
using Holdfast.Lab;
using Holdfast.Lab.Commands;
using Holdfast.Lab.Workloads;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class TrafficReportTests
{
    static Attempt Acknowledged(long id, double sent, double ended, string server = "a", int timeline = 1) =>
        new(id, 0, Outcome.Acknowledged, null, sent, ended, server, timeline);

    static Ledger LedgerOf(params Attempt[] attempts)
    {
        var ledger = new Ledger(DateTimeOffset.UnixEpoch);
        foreach (var attempt in attempts)
            ledger.Add(attempt);
        return ledger;
    }

    [Fact]
    public void Acknowledged_and_absent_is_lost()
    {
        var report = TrafficReport.Of(
            LedgerOf(Acknowledged(1, 0, 1), Acknowledged(2, 1, 2)), [], new HashSet<long> { 1 }, 0, 2, null);
        (report.Acknowledged, report.Lost).ShouldBe((2, 1));
    }

    [Fact]
    public void What_a_direct_client_was_told_may_not_be_lost_either() => TrafficReport
        .Of(LedgerOf(Acknowledged(1, 0, 1)), [Acknowledged(7, 1, 2)], new HashSet<long> { 1 }, 0, 2, 0)
        .Lost.ShouldBe(1);

    [Fact]
    public void In_doubt_is_neither_acknowledged_nor_lost()
    {
        var report = TrafficReport.Of(
            LedgerOf(new Attempt(1, 0, Outcome.InDoubt, "lost", 0, 1)), [], new HashSet<long>(), 0, 2, null);
        (report.Acknowledged, report.Lost, report.InDoubt).ShouldBe((0, 0, 1));
        report.Errors["lost"].ShouldBe(1);
    }

    [Fact]
    public void An_outage_that_never_ends_counts() =>
        TrafficReport.LongestGap([10, 20, 25], began: 5, ended: 100).ShouldBe(75);

    [Fact]
    public void Connecting_is_no_outage_unless_nothing_was_ever_acknowledged()
    {
        TrafficReport.LongestGap([90, 91], began: 5, ended: 100).ShouldBe(9);
        TrafficReport.LongestGap([], began: 5, ended: 100).ShouldBe(95);
    }

    [Fact]
    public void Percentiles_are_of_what_was_measured()
    {
        TrafficReport.Percentile([1, 2, 3, 4], 0.5).ShouldBe(2);
        TrafficReport.Percentile([], 0.5).ShouldBe(0);
    }

    [Fact]
    public void The_json_has_exactly_the_promised_fields()
    {
        var report = TrafficReport.Of(LedgerOf(Acknowledged(1, 0, 1)), [], new HashSet<long> { 1 }, 0, 2, null);
        Fields(report).ShouldBe(
            ["acknowledged", "errors", "longest_outage_ms", "lost", "in_doubt", "p50_ms", "p99_ms"]);
        Fields(report with { DualWriters = 0 }).Last().ShouldBe("dual_writers");
    }

    static IEnumerable<string> Fields(TrafficReport report)
    {
        using var document = JsonDocument.Parse(JsonSerializer.Serialize(report, LabJson.Default.TrafficReport));
        return [.. document.RootElement.EnumerateObject().Select(field => field.Name)];
    }

    [Fact]
    public void An_old_server_that_acknowledges_after_the_new_one_is_a_second_writer() =>
        TwoWriters.Find([Acknowledged(1, 0, 1), Acknowledged(2, 10, 11, "b", 2), Acknowledged(3, 12, 13)])
            .Select(attempt => attempt.Id).ShouldBe([3]);

    [Fact]
    public void An_answer_that_was_under_way_at_the_switch_is_no_second_writer() =>
        TwoWriters.Find([Acknowledged(1, 9, 12), Acknowledged(2, 10, 11, "b", 2)]).ShouldBeEmpty();

    [Fact]
    public void A_server_may_come_back_with_a_newer_timeline() =>
        TwoWriters.Find([Acknowledged(1, 0, 1), Acknowledged(2, 2, 3, "b", 2), Acknowledged(3, 4, 5, "a", 3)])
            .ShouldBeEmpty();

    [Fact]
    public void Two_servers_on_one_timeline_are_two_writers() =>
        TwoWriters.Find([Acknowledged(1, 0, 1), Acknowledged(2, 2, 3, "b")]).ShouldHaveSingleItem().Id.ShouldBe(2);

    [Theory]
    [InlineData("ERROR", "25006", "Failed")]
    [InlineData("FATAL", "57P01", "InDoubt")]
    [InlineData("ERROR", "08007", "InDoubt")]
    public void Only_an_error_of_the_statement_is_a_definite_failure(string severity, string state, string outcome) =>
        Failure.OfSent(new PostgresException("", severity, severity, state)).ToString().ShouldBe(outcome);

    [Fact]
    public void A_broken_connection_leaves_it_in_doubt()
    {
        var broken = new NpgsqlException("read", new EndOfStreamException());
        (Failure.OfSent(broken), Failure.Kind(broken)).ShouldBe((Outcome.InDoubt, "lost"));
    }

    [Theory, InlineData("30s", 30_000), InlineData("2m", 120_000), InlineData("1.5s", 1_500), InlineData("250ms", 250)]
    public void Periods_have_units(string text, int milliseconds) =>
        Options.Period(text).TotalMilliseconds.ShouldBe(milliseconds);

    [Fact]
    public void A_period_without_unit_is_refused() => Should.Throw<LabException>(() => Options.Period("30"));

    [Fact]
    public void A_ledger_line_survives_the_pipe()
    {
        var attempt = Acknowledged(7, 1, 2);
        LedgerFile.Parse(LedgerFile.Line(attempt)).ShouldBe(attempt);
        LedgerFile.Parse("{\"id\":7,").ShouldBeNull();
    }
}
