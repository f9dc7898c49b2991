using Holdfast.Lab;
using Holdfast.Lab.Proxies;
using Holdfast.Lab.Reports;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class ProxyTableTests
{
    static ProxyRecord Run(
        string path, double perSecond, double cpuUs = 10, double p99Ms = 1, string load = "simple-16", int round = 1,
        string series = "a") =>
        new(series, load, path, round, DateTimeOffset.UnixEpoch, perSecond, 0.5, p99Ms,
            path == "direct" ? null : cpuUs, path == "direct" ? null : 8);

    static string RowOf(string mode, params ProxyRecord[] records) => ProxyTable.Section(records).Split('\n')
        .First(line => line.StartsWith("| select", StringComparison.Ordinal) && line.Contains($"| {mode} |"));

    [Fact]
    public void The_rival_of_session_mode_is_the_faster_one() =>
        RowOf("session", Run("haproxy", 1_000), Run("pgbouncer-session", 900), Run("holdfast-session", 1_000))
            .ShouldBe("| select, simple | 16 | session | haproxy | 1000 | 1.00 | 1.00 | 1.00 | 10.0 | 1.00 | yes |");

    [Fact]
    public void What_is_missed_is_named() =>
        RowOf("transaction", Run("pgbouncer-transaction", 1_000),
                Run("holdfast-transaction", 940, cpuUs: 11, p99Ms: 1.2))
            .ShouldEndWith("| **no**: rate, p99, CPU |");

    [Fact]
    public void With_one_client_the_time_goes_into_waking_up_and_nothing_is_required_of_it() =>
        RowOf("transaction", Run("pgbouncer-transaction", 1_000, load: "simple-1"),
                Run("holdfast-transaction", 1_000, cpuUs: 20, load: "simple-1"))
            .ShouldEndWith("| 20.0 | 2.00 | yes |");

    [Fact]
    public void Prepared_statements_have_their_rival_in_session_mode() =>
        RowOf("transaction", Run("pgbouncer-session", 1_000, load: "prepared-16"),
                Run("holdfast-transaction", 1_000, load: "prepared-16"))
            .ShouldContain("| transaction | pgbouncer-session |");

    [Fact]
    public void A_ratio_is_the_median_of_the_rounds_and_a_round_that_failed_is_left_out()
    {
        ProxyRecord[] rounds =
        [
            Run("pgbouncer-transaction", 1_000, round: 1), Run("holdfast-transaction", 1_100, round: 1),
            Run("pgbouncer-transaction", 100, round: 2), Run("holdfast-transaction", 90, round: 2),
            Run("pgbouncer-transaction", 500, round: 3), Run("holdfast-transaction", 500, round: 3),
            Run("pgbouncer-transaction", 1_000, round: 4),
            Run("holdfast-transaction", 0, round: 4) with { Problem = "no" },
        ];
        RowOf("transaction", rounds).ShouldContain("| 500 | 1.00 |");
        ProxyTable.Section(rounds).ShouldContain("| 3, 1 failed |");
    }

    [Fact]
    public void A_run_that_the_hypervisor_disturbed_is_told() =>
        ProxyTable.Section([Run("haproxy", 1_000) with { Stolen = 0.1 }, Run("haproxy", 1_000, round: 2)])
            .ShouldContain("| 2, 1 disturbed |");

    [Fact]
    public void A_case_that_is_measured_anew_replaces_its_figures_of_before() =>
        RowOf("transaction", Run("pgbouncer-transaction", 1_000), Run("holdfast-transaction", 500),
                Run("pgbouncer-transaction", 800, series: "b"), Run("holdfast-transaction", 800, series: "b"))
            .ShouldContain("| 800 | 1.00 |");

    [Fact]
    public void Connections_and_idle_clients_have_limits_of_their_own()
    {
        var section = ProxyTable.Section([
            Run("direct", 100, load: "connect-16"), Run("holdfast-transaction", 1_190, load: "connect-16"),
            Run("holdfast-transaction", 0, load: ProxyTable.IdleCase()) with { ResidentMib = 300 },
        ]);
        section.ShouldContain("11.9 times the direct rate, required 12: **not met**.");
        section.ShouldContain("300 MiB resident, at most 400: met.");
    }

    [Fact]
    public void Pgbench_is_read()
    {
        var result = Pgbench.Parse(
            """
            number of transactions actually processed: 4711
            number of failed transactions: 0 (0.000%)
            tps = 1234.5 (without initial connection time)
            """, [.. Enumerable.Range(1, 100).Select(number => number / 10.0)]);
        (result.PerSecond, result.Transactions).ShouldBe((1_234.5, 4_711));
        (result.PercentileMs(0.5), result.PercentileMs(0.99)).ShouldBe((5.0, 9.9));
        Should.Throw<LabException>(() => Pgbench.Parse("pgbench: error", []));
    }

    [Fact]
    public void Turns_of_a_round_are_one_run()
    {
        var all = PgbenchResult.Together([new(100, 200, [1, 4]), new(300, 600, [2, 3])]);
        (all.PerSecond, all.Transactions).ShouldBe((200, 800));
        all.SortedMs.ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public void An_unknown_case_or_path_is_refused_and_a_load_means_all_its_cases()
    {
        Should.Throw<LabException>(() => ProxyCase.Named(["simple-17"]));
        Should.Throw<LabException>(() => ProxyPath.Named(["pgpool"]));
        ProxyCase.Named(["connect"]).Select(load => load.Name).ShouldBe(["connect-1", "connect-16"]);
    }

    [Fact]
    public void A_section_replaces_its_own_and_leaves_the_others()
    {
        var document = MarkdownFile.With("", "# One\n\ntext\n");
        document = MarkdownFile.With(document, "# Two\n\nmore\n");
        MarkdownFile.With(document, "# One\n\nnew\n\n").ShouldBe("# One\n\nnew\n\n# Two\n\nmore\n");
        MarkdownFile.With(document, "# Two\n\nless").ShouldBe("# One\n\ntext\n\n# Two\n\nless\n");
    }
}
