using System.Globalization;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Reports;

/// <summary>Holdfast beside its rivals (Markdown): a row for each fault, with the ratio of the medians.</summary>
static class RivalTable
{
    const string Before = """
        # Beside Patroni

        The longest time without an acknowledged write that clients of each proxy felt (median / worst), in one run of `bench/rivals`:
        same machine, same lab of three hosts, same faults, same four writers through port 5000 of a host, same ledger. Patroni is the
        distribution's, with its etcd and HAProxy on each host, `synchronous_mode: true`, `use_pg_rewind`, no watchdog. By its defaults: ttl 30,
        loop_wait 10, retry_timeout 10, HAProxy's checks as in Patroni's sample (3 s, fall 3, rise 2). At its floor: ttl 20, loop_wait 1,
        retry_timeout 3, primary_start_timeout 0, checks every 0.5 s, fall 2, rise 1. Holdfast: ttl 3, `synchronous_mode: quorum`.
        Lost: acknowledged through the proxy or around it, and not there at the end. Dual: acknowledged by a server that had been replaced.


        """;

    public static string Table(IReadOnlyList<OutageRecord> records)
    {
        var rows = OutageTable.Rows(records).ToLookup(row => row.Scenario);
        var lines = rows.Select(fault =>
        {
            var (own, usual, floor) = (Of(fault, Variants.Holdfast), Of(fault, Variants.PatroniDefault),
                Of(fault, Variants.PatroniFloor));
            return $"| {fault.Key.Meaning} | {Outage(own)} | {Outage(usual)} | {Ratio(usual, own)} | {Outage(floor)} "
                + $"| {Ratio(floor, own)} | {Loss(own)} | {Loss(usual)} | {Loss(floor)} |";
        });
        return Before + string.Join('\n', [
            "| fault | Holdfast, s | Patroni's defaults, s | ratio | Patroni's floor, s | ratio "
            + "| Holdfast: runs, lost, dual | defaults | floor |",
            "|---|---|---|---|---|---|---|---|---|", .. lines, ""]);
    }

    static OutageRow? Of(IEnumerable<OutageRow> rows, string variant) =>
        rows.FirstOrDefault(row => row.Variant == variant);

    static string Outage(OutageRow? row) => row is not { Outages.Count: > 0 } ? "–"
        : $"{OutageTable.Seconds(row.Outages, 0.5)} / {OutageTable.Seconds(row.Outages, 1)}";

    static string Ratio(OutageRow? theirs, OutageRow? ours) =>
        theirs is not { Outages.Count: > 0 } || ours is not { Outages.Count: > 0 } ? "–"
        : string.Create(CultureInfo.InvariantCulture, $"{Median(theirs) / Median(ours):0.0}x");

    static double Median(OutageRow row) => TrafficReport.Percentile(row.Outages, 0.5);

    static string Loss(OutageRow? row) => row is null ? "–"
        : $"{row.Runs.Count}, {row.Lost}, {row.DualWriters}" + (row.Broken > 0 ? $", {row.Broken} broken" : "");
}
