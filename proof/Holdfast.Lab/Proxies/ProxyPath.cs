using System.Collections.Immutable;

namespace Holdfast.Lab.Proxies;

/// <summary>A way to the same PostgreSQL.</summary>
/// <param name="Name">In options and results.</param>
/// <param name="IsSession">A server is a client's until it goes: as many servers as clients.</param>
sealed record ProxyPath(string Name, bool IsSession)
{
    /// <summary>Servers for all clients where they are shared, and enough for each where they are not.</summary>
    public const int SharedServers = 20, OwnServers = 600;

    public static readonly ProxyPath Direct = new("direct", true);
    public static readonly ProxyPath HAProxy = new("haproxy", true);
    public static readonly ProxyPath PgBouncerSession = new("pgbouncer-session", true);
    public static readonly ProxyPath PgBouncerTransaction = new("pgbouncer-transaction", false);
    public static readonly ProxyPath HoldfastSession = new("holdfast-session", true);
    public static readonly ProxyPath HoldfastTransaction = new("holdfast-transaction", false);

    public static ImmutableArray<ProxyPath> All { get; } =
        [Direct, HAProxy, PgBouncerSession, PgBouncerTransaction, HoldfastSession, HoldfastTransaction];

    /// <summary>Those whose servers go on after their clients.</summary>
    public bool KeepsServers => this != Direct && this != HAProxy;

    /// <summary>Each has a user of its own, so that its servers can be told from others'.</summary>
    public string User => Name.Replace('-', '_');

    public int Servers => IsSession ? OwnServers : SharedServers;

    /// <exception cref="LabException">There is no such path.</exception>
    public static ImmutableArray<ProxyPath> Named(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (!All.Any(known => known.Name == name))
                throw new LabException($"no path '{name}': {string.Join(", ", All.Select(known => known.Name))}");
        }
        return names.Count == 0 ? All : [.. All.Where(known => names.Any(name => name == known.Name))];
    }
}
