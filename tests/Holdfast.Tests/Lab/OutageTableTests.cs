using Holdfast.Lab;
using Holdfast.Lab.Reports;
using Holdfast.Lab.Scenarios;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class OutageTableTests : IDisposable
{
    readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    static OutageRecord Run(string fault, double outageMs, int lost = 0) =>
        new(fault, DateTimeOffset.UnixEpoch, outageMs, WholeMs: 2_000, Acknowledged: 100, lost, DualWriters: 0);

    [Fact]
    public void Runs_are_kept_across_series_and_a_torn_line_is_passed_over()
    {
        OutageFile.Append(_file, Run("host", 3_500));
        File.AppendAllText(_file, "{\"fault\":\"ho\n");
        OutageFile.Append(_file, Run("host", 4_100));
        OutageFile.Read(_file).ShouldBe([Run("host", 3_500), Run("host", 4_100)]);
        OutageFile.Read(_file + ".absent").ShouldBeEmpty();
    }

    [Fact]
    public void The_table_has_a_row_for_each_fault_that_was_carried_out_and_says_what_is_met()
    {
        var table = OutageTable.Table([Run("switchover", 700), Run("host", 3_100), Run("host", 3_000, lost: 1)]);
        table.Split('\n').Skip(2).ShouldBe(
        [
            "| the primary's host is lost: its network first, then everything on it | lease | 2 | 3.00 | 3.10 | 2.00 "
            + "| 1 | 0 | p50 <= 3.5 s, 0 lost, 0 dual | **no** |",
            "| a planned switchover | lease | 1 | 0.70 | 0.70 | 2.00 | 0 | 0 | p50 <= 0.6 s, 0 lost, 0 dual | **no** |",
            "",
        ]);
    }

    [Fact]
    public void Variants_of_a_fault_have_rows_and_limits_of_their_own()
    {
        var table = OutageTable.Table([Run("host", 3_000), Run("host", 1_400) with { Variant = "takeover" }]);
        table.Split('\n')[2].ShouldEndWith("| p50 <= 3.5 s, 0 lost, 0 dual | yes |");
        table.Split('\n')[3].ShouldContain("| takeover | 1 | 1.40 |");
        table.Split('\n')[3].ShouldEndWith("| p50 <= 1.5 s, 0 lost, 0 dual | yes |");
    }

    [Fact]
    public void An_outage_that_did_not_end_is_never_met() => OutageTable.Table([Run("disk-full", 39_000)])
        .Split('\n')[2].ShouldEndWith("| worst < 30 s, 0 lost, 0 dual | **no** |");

    [Fact]
    public void A_run_without_a_variant_was_one_by_the_lease()
    {
        File.WriteAllText(_file,
            """
            {"fault":"cut","at":"1970-01-01T00:00:00+00:00","outage_ms":1,"whole_ms":2,"acknowledged":3,"lost":0}

            """);
        OutageFile.Read(_file).Single().Variant.ShouldBe("lease");
    }

    [Fact]
    public void A_run_that_broke_the_lab_meets_nothing_and_has_no_figures()
    {
        var table = OutageTable.Table([Run("cut", 3_000), Run("cut", 0) with { Problem = "not whole" }]);
        table.Split('\n')[2].ShouldContain("| 2, 1 broken | 3.00 |");
        table.Split('\n')[2].ShouldEndWith("| **no** |");
    }

    [Fact]
    public void Beside_rivals_the_ratio_is_that_of_the_medians()
    {
        var table = RivalTable.Table([
            Run("host", 3_000) with { Variant = "holdfast" },
            Run("host", 30_000) with { Variant = "patroni-default" },
        ]);
        table.ShouldContain("| 3.00 / 3.00 | 30.00 / 30.00 | 10.0x | – | – | 1, 0, 0 | 1, 0, 0 | – |");
    }

    [Fact]
    public void The_plot_has_a_dot_for_each_run()
    {
        var plot = OutagePlot.Draw([Run("host", 4_000), Run("host", 3_000), Run("cut", 1_000)]);
        plot.Split("<circle").Length.ShouldBe(4);
        plot.ShouldContain("text-anchor=\"end\">cut, lease</text>");
        System.Xml.Linq.XDocument.Parse(plot).Root!.Name.LocalName.ShouldBe("svg");
    }

    [Fact]
    public void An_unknown_fault_is_told_the_nearest() =>
        Should.Throw<LabException>(() => Scenario.Get("hosts")).Message.ShouldContain("'host'");
}
