using System.Globalization;

namespace Holdfast.Lab.Doubt;

/// <summary>What the proxy says of answers that were lost, of all its pools together: from its metrics.</summary>
/// <param name="FoundCommitted">COMMITs whose answer was lost, found out.</param>
/// <param name="FoundRolledBack">The same.</param>
/// <param name="FoundNothing">The same, and nobody can tell: 08007.</param>
/// <param name="ToldUnknown">All units that were answered by 08007 for a lost server.</param>
/// <param name="Doubted">Successes that were withheld until they were proved durable.</param>
/// <param name="Cancels">Sent on to servers.</param>
sealed record ProxyCounts(
    long FoundCommitted, long FoundRolledBack, long FoundNothing, long ToldUnknown, long Doubted, long Cancels)
{
    const string Prefix = "holdfast_pgproxy_pool_";

    public static ProxyCounts Nothing { get; } = new(0, 0, 0, 0, 0, 0);

    public static ProxyCounts Read(string metrics)
    {
        var lines = metrics.Split('\n');
        return new ProxyCounts(
            Sum(lines, "commits_resolved_total", "outcome=\"committed\""),
            Sum(lines, "commits_resolved_total", "outcome=\"rolled_back\""),
            Sum(lines, "commits_resolved_total", "outcome=\"unknown\""),
            Sum(lines, "units_lost_total", "sqlstate=\"08007\""),
            Sum(lines, "units_doubted_total", ""),
            Sum(lines, "cancels_total", ""));
    }

    public static ProxyCounts operator -(ProxyCounts later, ProxyCounts earlier) => new(
        later.FoundCommitted - earlier.FoundCommitted, later.FoundRolledBack - earlier.FoundRolledBack,
        later.FoundNothing - earlier.FoundNothing, later.ToldUnknown - earlier.ToldUnknown,
        later.Doubted - earlier.Doubted, later.Cancels - earlier.Cancels);

    public static ProxyCounts operator +(ProxyCounts one, ProxyCounts other) => one - (Nothing - other);

    public long Found => FoundCommitted + FoundRolledBack;

    static long Sum(string[] lines, string name, string label) => lines
        .Where(line => line.StartsWith($"{Prefix}{name}{{", StringComparison.Ordinal)
            && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
