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
    public void The_table_has_a_row_for_each_fault_that_was_carried_out()
    {
        var table = OutageTable.Table([Run("switchover", 700), Run("host", 4_000), Run("host", 3_000, lost: 1)]);
        table.Split('\n').Skip(2).ShouldBe(
        [
            "| the primary's host is lost: its network first, then everything on it | 2 | 3.00 | 4.00 | 2.00 | 1 | 0 |",
            "| a planned switchover | 1 | 0.70 | 0.70 | 2.00 | 0 | 0 |",
            "",
        ]);
    }

    [Fact]
    public void The_plot_has_a_dot_for_each_run()
    {
        var plot = OutageTable.Plot([Run("host", 4_000), Run("host", 3_000), Run("cut", 1_000)]);
        plot.Split("<circle").Length.ShouldBe(4);
        plot.ShouldContain("text-anchor=\"end\">cut</text>");
        System.Xml.Linq.XDocument.Parse(plot).Root!.Name.LocalName.ShouldBe("svg");
    }

    [Fact]
    public void An_unknown_fault_is_told_the_nearest() =>
        Should.Throw<LabException>(() => Scenario.Get("hosts")).Message.ShouldContain("'host'");
}
