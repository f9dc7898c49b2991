using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Lab.Proxies;

/// <summary>What pgbench does, and for how many clients at once.</summary>
/// <param name="Load">One of <see cref="Simple"/>, <see cref="Prepared"/>, <see cref="TpcB"/>,
/// <see cref="Connect"/>.</param>
/// <param name="Clients">1 and more.</param>
sealed record ProxyCase(string Load, int Clients)
{
    public const string Simple = "simple", Prepared = "prepared", TpcB = "tpcb", Connect = "connect";

    /// <summary>From so many clients on a proxy's time goes into messages, and not into waking up.</summary>
    public const int BusyClients = 16;

    public static ImmutableArray<ProxyCase> All { get; } =
    [
        .. Of(Simple, 1, 16, 64, 500), .. Of(Prepared, 1, 16, 64, 500), .. Of(TpcB, 1, 16, 64), .. Of(Connect, 1, 16),
    ];

    public string Name => string.Create(CultureInfo.InvariantCulture, $"{Load}-{Clients}");

    public string Meaning => Load switch
    {
        Simple => "select, simple",
        Prepared => "select, prepared",
        TpcB => "TPC-B, simple",
        _ => "select, a connection for each",
    };

    public ImmutableArray<string> Arguments => Load switch
    {
        Simple => ["-S", "-M", "simple"],
        Prepared => ["-S", "-M", "prepared"],
        TpcB => ["-M", "simple"],
        _ => ["-S", "-C"],
    };

    /// <summary>Of the transactions, how many are written down for the percentiles.</summary>
    public double Sampled => Load is Simple or Prepared && Clients > 1 ? 0.2 : 1;

    /// <summary>PgBouncer 1.18 does not carry prepared statements from one server to another.</summary>
    public bool IsFor(ProxyPath path) => Load != Prepared || path != ProxyPath.PgBouncerTransaction;

    /// <param name="names">Cases, or loads with all their numbers of clients.</param>
    /// <exception cref="LabException">There is no such case.</exception>
    public static ImmutableArray<ProxyCase> Named(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (!All.Any(known => known.Name == name || known.Load == name))
                throw new LabException($"no case '{name}': {string.Join(", ", All.Select(known => known.Name))}");
        }
        return names.Count == 0 ? All
            : [.. All.Where(known => names.Any(name => name == known.Name || name == known.Load))];
    }

    static IEnumerable<ProxyCase> Of(string load, params IEnumerable<int> clients) =>
        clients.Select(count => new ProxyCase(load, count));
}
