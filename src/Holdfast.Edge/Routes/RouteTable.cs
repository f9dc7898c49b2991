using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Edge.Routes;

/// <param name="Index">Its place in the file, from 0.</param>
/// <param name="Path">As the file has it; the label of its metrics.</param>
internal sealed record Route(int Index, string Path, RouteSettings Settings);

/// <summary>Which route a path takes: pure.</summary>
internal sealed class RouteTable
{
    readonly ImmutableArray<(string Prefix, Route Route)> _longestFirst;

    public RouteTable(ImmutableArray<RouteSettings> routes)
    {
        Routes = [.. routes.Select((settings, index) => new Route(index, settings.Path, settings))];
        _longestFirst = [.. Routes.Select(route => (Prefix: route.Path.TrimEnd('/'), route))
            .OrderByDescending(entry => entry.Prefix.Length)];
    }

    /// <summary>In the file's order.</summary>
    public ImmutableArray<Route> Routes { get; }

    /// <param name="path">Decoded and without dot segments; upper and lower case differ (RFC 3986, 6.2.2.1).</param>
    /// <returns>The longest one that fits by whole segments; null: none.</returns>
    public Route? Match(string path)
    {
        foreach (var (prefix, route) in _longestFirst)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal)
                && (path.Length == prefix.Length || path[prefix.Length] == '/'))
                return route;
        }
        return null;
    }
}
