using Holdfast.Foundation.Metrics;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>What the pools have counted, as Prometheus reads it.</summary>
internal static class PoolMetrics
{
    /// <summary>Pools that are told by name; those that did the least are one together.</summary>
    public const int ToldMax = 100;

    const string Prefix = "holdfast_pgproxy_pool_";

    sealed record Series(KeyValuePair<string, string>[] Labels, IReadOnlyList<PoolCounts> Counts)
    {
        public long Sum(Func<PoolCounts, long> of) => Counts.Sum(of);
    }

    static readonly (string Name, string Help, Func<PoolCounts, long> Of)[] s_counters =
    [
        ("client_bytes_total", "Bytes read from clients", counts => Volatile.Read(ref counts.ClientBytes)),
        ("server_bytes_total", "Bytes read from servers", counts => Volatile.Read(ref counts.ServerBytes)),
        ("units_total", "Messages, or groups up to a Sync, that a server has answered",
            counts => Volatile.Read(ref counts.Units)),
        ("transactions_total", "Transactions that ended, well or not",
            counts => Volatile.Read(ref counts.Transactions)),
        ("server_logins_total", "Logins to servers that were begun", counts => Volatile.Read(ref counts.Logins)),
        ("server_login_failures_total", "Logins to servers that failed",
            counts => Volatile.Read(ref counts.LoginsFailed)),
        ("cancels_total", "Cancel requests sent on", counts => Volatile.Read(ref counts.Cancels)),
        ("units_repeated_total", "Units whose server was lost and that were sent to another one",
            counts => Volatile.Read(ref counts.Repeated)),
        ("units_doubted_total", "Successes that had to be proved durable, mostly behind a cancel",
            counts => Volatile.Read(ref counts.Doubted)),
        ("reads_waited_total", "Units that had to wait until a replica had replayed their user's writes",
            counts => Volatile.Read(ref counts.ReadsWaited)),
        ("reads_passed_over_total", "Units for which that took too long: the primary's, or failed",
            counts => Volatile.Read(ref counts.ReadsPassedOver)),
        ("servers_cut_total", "Server connections cut for a lost role", counts => Volatile.Read(ref counts.Cut)),
    ];

    static readonly (string Name, string Help, string Label, (string Value, Func<PoolCounts, long> Of)[] Parts)[]
        s_parted =
    [
        ("units_lost_total", "Units whose server was lost, by what the client was told", "sqlstate",
        [
            ("40001", counts => Volatile.Read(ref counts.RolledBack)),
            ("08007", counts => Volatile.Read(ref counts.InDoubt)),
        ]),
        ("commits_resolved_total", "COMMITs whose answer was lost, by what was found out", "outcome",
        [
            ("committed", counts => Volatile.Read(ref counts.FoundCommitted)),
            ("rolled_back", counts => Volatile.Read(ref counts.FoundAborted)),
            ("unknown", counts => Volatile.Read(ref counts.FoundNothing)),
        ]),
        ("statements_total", "Prepared statements used, by whether the server had to parse them", "server", [
            ("parsed", counts => Volatile.Read(ref counts.StatementsMade)),
            ("knew", counts => Volatile.Read(ref counts.StatementsReused)),
        ]),
        ("sessions_pinned_total", "Sessions that came to keep their server, by reason", "reason",
        [
            ("session_state", counts => counts.PinnedBy(PinReason.SessionState)),
            ("setting", counts => counts.PinnedBy(PinReason.Setting)),
            ("command", counts => counts.PinnedBy(PinReason.Command)),
        ]),
    ];

    static readonly (string Name, string Help, Func<PoolCounts, TimeHistogram> Of)[] s_histograms =
    [
        ("wait_seconds", "How long those clients waited that had to wait for a server", counts => counts.Waits),
        ("unit_seconds", "From a unit's first message to its ReadyForQuery", counts => counts.UnitTimes),
        ("transaction_seconds", "From a transaction's first message to the ReadyForQuery that ends it",
            counts => counts.TransactionTimes),
    ];

    static readonly (string Name, string Help, string Label, (string Value, Func<PoolFacts, double> Of)[] Parts)[]
        s_gauges =
    [
        ("clients", "Clients now", "state",
        [
            ("active", pool => pool.Clients - pool.Waiting), ("waiting", pool => pool.Waiting),
            ("login", pool => pool.Newcomers),
        ]),
        ("servers", "Server connections now", "state",
        [
            ("active", pool => pool.Active), ("idle", pool => pool.Idle), ("resetting", pool => pool.Resetting),
            ("login", pool => pool.Logins),
        ]),
        ("sessions_pinned", "Clients that keep their server now", "", [("", pool => pool.Pinned)]),
        ("longest_wait_seconds", "How long the first in line has waited", "",
            [("", pool => pool.OldestWait.TotalSeconds)]),
    ];

    /// <param name="pools">What the loops said just now; empty where they did not answer in time.</param>
    public static void WriteTo(PrometheusText text, PooledProxy plane, IReadOnlyList<PoolFacts> pools)
    {
        var named = NamedOf(plane);
        WriteCounts(text, SeriesOf(plane, named));
        WriteGauges(text, [.. pools.GroupBy(pool => LabelsOf(pool.Key, named), LabelsEqual.Instance)
            .Select(same => (same.Key, same.Aggregate((sum, one) => sum.And(one))))]);
        text.Family("holdfast_pgproxy_held_clients", "Clients that wait while no server may serve", MetricKind.Gauge);
        foreach (var port in Enum.GetValues<Port>())
        {
            var isHeld = plane.Routes.WhyNobody(port, plane.BootNow) is not null;
            text.Sample("holdfast_pgproxy_held_clients", [new("port", Name(port))],
                isHeld ? pools.Where(pool => pool.Key.Port == port).Sum(pool => pool.Waiting + pool.Newcomers) : 0);
        }
        text.Family("holdfast_pgproxy_paused", "1 while an operator's PAUSE of all is in force", MetricKind.Gauge);
        text.Sample("holdfast_pgproxy_paused", [], plane.Orders.IsPaused ? 1 : 0);
    }

    static HashSet<(Port, string, string)> NamedOf(PooledProxy plane) =>
    [
        .. plane.SharedPools.GroupBy(pool => (pool.Key.Port, pool.Key.Database, pool.Key.User))
            .OrderByDescending(same => same.Sum(pool => pool.Counts.Sum(counts => Volatile.Read(ref counts.Units))))
            .Take(ToldMax).Select(same => same.Key),
    ];

    static List<Series> SeriesOf(PooledProxy plane, HashSet<(Port, string, string)> named) =>
    [
        .. plane.SharedPools.GroupBy(pool => LabelsOf(pool.Key, named), LabelsEqual.Instance)
            .Select(same => new Series(same.Key, [.. same.SelectMany(pool => pool.Counts)])),
    ];

    static KeyValuePair<string, string>[] LabelsOf(PoolKey key, HashSet<(Port, string, string)> named) =>
        named.Contains((key.Port, key.Database, key.User))
            ? [new("port", Name(key.Port)), new("database", key.Database), new("user", key.User)]
            : [new("port", Name(key.Port)), new("overflow", "true")];

    static string Name(Port port) => port == Port.Primary ? "primary" : "replicas";

    static void WriteCounts(PrometheusText text, List<Series> all)
    {
        foreach (var (name, help, of) in s_counters)
        {
            text.Family(Prefix + name, help, MetricKind.Counter);
            foreach (var series in all)
                text.Sample(Prefix + name, series.Labels, series.Sum(of));
        }
        foreach (var (name, help, label, parts) in s_parted)
        {
            text.Family(Prefix + name, help, MetricKind.Counter);
            foreach (var series in all)
            {
                foreach (var (value, of) in parts)
                    text.Sample(Prefix + name, [.. series.Labels, new(label, value)], series.Sum(of));
            }
        }
        foreach (var (name, help, of) in s_histograms)
        {
            text.Family(Prefix + name, help, MetricKind.Histogram);
            foreach (var series in all)
                WriteHistogram(text, Prefix + name, series, of);
        }
    }

    static void WriteHistogram(PrometheusText text, string name, Series series, Func<PoolCounts, TimeHistogram> of)
    {
        long below = 0;
        for (var bucket = 0; bucket < TimeHistogram.Buckets; bucket++)
        {
            below += series.Sum(counts => of(counts)[bucket]);
            text.Sample($"{name}_bucket",
                [.. series.Labels, new("le", PrometheusText.Number(TimeHistogram.EdgeOf(bucket)))], below);
        }
        text.Sample($"{name}_sum", series.Labels, series.Counts.Sum(counts => of(counts).Sum.TotalSeconds));
        text.Sample($"{name}_count", series.Labels, below);
    }

    static void WriteGauges(
        PrometheusText text, IReadOnlyList<(KeyValuePair<string, string>[] Labels, PoolFacts Facts)> all)
    {
        foreach (var (name, help, label, parts) in s_gauges)
        {
            text.Family(Prefix + name, help, MetricKind.Gauge);
            foreach (var (labels, facts) in all)
            {
                foreach (var (value, of) in parts)
                {
                    text.Sample(
                        Prefix + name, label.Length > 0 ? [.. labels, new(label, value)] : labels, of(facts));
                }
            }
        }
    }

    sealed class LabelsEqual : IEqualityComparer<KeyValuePair<string, string>[]>
    {
        public static readonly LabelsEqual Instance = new();

        public bool Equals(KeyValuePair<string, string>[]? x, KeyValuePair<string, string>[]? y) =>
            x.AsSpan().SequenceEqual(y);

        public int GetHashCode(KeyValuePair<string, string>[] obj)
        {
            var hash = new HashCode();
            foreach (var label in obj)
                hash.Add(label.Value, StringComparer.Ordinal);
            return hash.ToHashCode();
        }
    }
}
