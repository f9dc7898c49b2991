using System.Globalization;
using Holdfast.Lab.Proxies;

namespace Holdfast.Lab.Reports;

/// <summary>Holdfast's proxy beside its rivals (Markdown): what is required and whether it is met, then all
/// paths.</summary>
static class ProxyTable
{
    /// <summary>Resident, of a proxy with 10,000 clients that do nothing.</summary>
    public const double IdleMibAtMost = 400;

    const double RateAtLeast = 0.95, CpuAtMost = 1.05, P99AtMost = 1.1, ConnectsAtLeast = 12;

    /// <summary>Of a record that no pgbench made: so many clients that do nothing.</summary>
    public static string IdleCase(int clients = 10_000) =>
        string.Create(CultureInfo.InvariantCulture, $"idle-{clients}");

    const string Before = """
        # PostgreSQL proxies

        The same `pgbench` through each proxy to the same PostgreSQL in turns (`bench/pgproxy`), all on one machine of two cores and its loopback: so rates and
        times tell how much the proxy takes from PostgreSQL and pgbench, and **CPU per transaction** is the proxy's own user and system time. Scale 10, `-n`, `-j 2`,
        `shared_buffers 512MB`, `max_wal_size 4GB`, `max_connections 1300`, fsync on. HAProxy: `mode tcp`, `check`. PgBouncer 1.18:
        `default_pool_size` 600 in session mode, 20 in transaction mode. Holdfast: the published program with its routes from etcd, term check, limits and metrics,
        `pool_size` 600 and 20. All: no TLS, nobody asks for a password, in sessions of their own as daemons are; with a server for each client of a session pool opened before a run.
        In a round each path has three turns of 2 s (or as `--seconds` says; with 500 clients one of 8 s), one path after the other, and each path has each place in turn; all were warmed before.
        A turn during which the hypervisor took more than 3 % of the processors' time for other machines is made again, 8 times at most, and else counted as disturbed.
        Figures of a round are those of its turns together; those below are medians of the rounds, "of the rival" is the median of the ratios of each round.

        The rival of transaction mode is PgBouncer's transaction mode; with prepared statements, which 1.18 does not share, its session mode. That of session mode is
        whichever of HAProxy and PgBouncer's session mode has the higher rate. Required: rate >= 0.95 of the rival's, p99 <= 1.1, and from 16 clients on CPU <= 1.05.


        """;

    public static string Section(IReadOnlyList<ProxyRecord> records)
    {
        var runs = new ProxyRuns(records);
        return Before + string.Join('\n', [
            "| case | clients | Holdfast | rival | rate, 1/s | of the rival | p99, ms | of the rival | CPU, us "
            + "| of the rival | met |",
            "|---|---|---|---|---|---|---|---|---|---|---|", .. Compared(runs), "", .. Alone(runs, records), "",
            "All paths (rate: median, and least to most):", "",
            "| case | clients | path | rate, 1/s | of direct | p50, ms | p99, ms | CPU, us | RSS, MiB | rounds |",
            "|---|---|---|---|---|---|---|---|---|---|", .. Everything(runs), ""]);
    }

    static IEnumerable<string> Compared(ProxyRuns runs) =>
        from load in ProxyCase.All
        from own in (ProxyPath[])[ProxyPath.HoldfastSession, ProxyPath.HoldfastTransaction]
        where runs.Has(load, own)
        let rival = Rival(runs, load, own)
        where rival is not null
        select Row(runs, load, own, rival);

    static ProxyPath? Rival(ProxyRuns runs, ProxyCase load, ProxyPath own)
    {
        ProxyPath[] rivals = own == ProxyPath.HoldfastSession ? [ProxyPath.HAProxy, ProxyPath.PgBouncerSession]
            : load.IsFor(ProxyPath.PgBouncerTransaction) ? [ProxyPath.PgBouncerTransaction]
            : [ProxyPath.PgBouncerSession];
        return rivals.Where(rival => runs.Has(load, rival)).MaxBy(rival => runs.Rate(load, rival));
    }

    static string Row(ProxyRuns runs, ProxyCase load, ProxyPath own, ProxyPath rival)
    {
        var rate = runs.Ratio(load, own, rival, run => run.PerSecond);
        var p99 = runs.Ratio(load, own, rival, run => run.P99Ms);
        var cpu = runs.Ratio(load, own, rival, run => run.CpuUs ?? 0);
        string[] missed =
        [
            .. rate < RateAtLeast ? ["rate"] : Array.Empty<string>(),
            .. p99 > P99AtMost ? ["p99"] : Array.Empty<string>(),
            .. cpu > CpuAtMost && load.Clients >= ProxyCase.BusyClients ? ["CPU"] : Array.Empty<string>(),
        ];
        var met = missed is [] ? "yes" : $"**no**: {string.Join(", ", missed)}";
        return string.Create(CultureInfo.InvariantCulture,
            $"| {load.Meaning} | {load.Clients} | {(own.IsSession ? "session" : "transaction")} | {rival.Name} "
            + $"| {runs.Rate(load, own):0} | {rate:0.00} | {runs.Median(load, own, run => run.P99Ms):0.00} "
            + $"| {p99:0.00} | {runs.Median(load, own, run => run.CpuUs ?? 0):0.0} | {cpu:0.00} | {met} |");
    }

    static IEnumerable<string> Alone(ProxyRuns runs, IReadOnlyList<ProxyRecord> records)
    {
        var connects = new ProxyCase(ProxyCase.Connect, ProxyCase.BusyClients);
        if (runs.Has(connects, ProxyPath.HoldfastTransaction) && runs.Has(connects, ProxyPath.Direct))
        {
            var times = runs.Ratio(connects, ProxyPath.HoldfastTransaction, ProxyPath.Direct, run => run.PerSecond);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"- A connection for each select, 16 clients, transaction mode: {times:0.0} times the direct rate, "
                + $"required {ConnectsAtLeast:0}: {Met(times >= ConnectsAtLeast)}.");
        }
        yield return records.LastOrDefault(record => record.ResidentMib is not null && record.Case == IdleCase()
            && record.Path == ProxyPath.HoldfastTransaction.Name) is { } idle
            ? string.Create(CultureInfo.InvariantCulture, $"- 10,000 clients that do nothing, transaction mode: "
                + $"{idle.ResidentMib:0} MiB resident, at most {IdleMibAtMost:0}: "
                + $"{Met(idle.ResidentMib <= IdleMibAtMost)}.")
            : "- 10,000 clients that do nothing: not measured here.";
    }

    static string Met(bool isMet) => isMet ? "met" : "**not met**";

    static IEnumerable<string> Everything(ProxyRuns runs) =>
        from load in ProxyCase.All
        from path in ProxyPath.All
        where runs.Of(load, path).Count > 0
        select runs.Has(load, path) ? Figures(runs, load, path)
            : $"| {load.Meaning} | {load.Clients} | {path.Name} | {runs.Of(load, path)[^1].Problem} | | | | | | |";

    static string Figures(ProxyRuns runs, ProxyCase load, ProxyPath path)
    {
        var all = runs.Good(load, path);
        var failed = runs.Of(load, path).Count - all.Count;
        var disturbed = all.Count(run => run.Stolen > ProxySeries.StolenAtMost);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {load.Meaning} | {load.Clients} | {path.Name} | {runs.Rate(load, path):0} "
            + $"({all.Min(run => run.PerSecond):0} to {all.Max(run => run.PerSecond):0}) "
            + $"| {OfDirect(runs, load, path)} | {runs.Median(load, path, run => run.P50Ms):0.00} "
            + $"| {runs.Median(load, path, run => run.P99Ms):0.00} | {Own(run => run.CpuUs)} "
            + $"| {Own(run => run.ResidentMib)} | {all.Count}{(failed > 0 ? $", {failed} failed" : "")}"
            + $"{(disturbed > 0 ? $", {disturbed} disturbed" : "")} |");

        string Own(Func<ProxyRecord, double?> figure) => path == ProxyPath.Direct ? "–"
            : runs.Median(load, path, run => figure(run) ?? 0).ToString("0.0", CultureInfo.InvariantCulture);
    }

    static string OfDirect(ProxyRuns runs, ProxyCase load, ProxyPath path) => !runs.Has(load, ProxyPath.Direct) ? "–"
        : runs.Ratio(load, path, ProxyPath.Direct, run => run.PerSecond).ToString("0.00", CultureInfo.InvariantCulture);
}
