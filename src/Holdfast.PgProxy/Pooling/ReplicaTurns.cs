using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// Whose turn it is among the servers at rest: smooth weighted round robin (nginx, ngx_http_upstream_get_peer), so that
/// statements, and not only connections, follow the weights. Of one server the connection used last. On the loop's
/// thread only; allocates nothing while the route stays.
/// </summary>
internal sealed class ReplicaTurns
{
    /// <summary>Those beyond have no turns.</summary>
    const int ServersMax = 64;

    Route.To? _route;
    long[] _credits = [];

    /// <summary>A server that may serve had nothing at rest when somebody asked.</summary>
    public bool IsShort { get; set; }

    /// <returns>An index of <paramref name="idle"/>; -1: none may serve.</returns>
    public int Next(List<ServerSession> idle, Route.To route)
    {
        if (!ReferenceEquals(route, _route))
            Follow(route);
        var count = Math.Min(route.Servers.Length, ServersMax);
        Span<int> newest = stackalloc int[ServersMax];
        newest = newest[..count];
        newest.Fill(-1);
        var missing = count;
        for (var at = idle.Count - 1; at >= 0 && missing > 0; at--)
        {
            var seat = SeatOf(route, idle[at].Server, count);
            if (seat < 0 || newest[seat] >= 0)
                continue;
            newest[seat] = at;
            missing--;
        }
        IsShort |= missing > 0;
        return Richest(route, newest);
    }

    int Richest(Route.To route, ReadOnlySpan<int> newest)
    {
        var (richest, total) = (-1, 0);
        for (var seat = 0; seat < newest.Length; seat++)
        {
            if (newest[seat] < 0)
                continue;
            _credits[seat] += route.WeightOf(seat);
            total += route.WeightOf(seat);
            if (richest < 0 || _credits[seat] > _credits[richest])
                richest = seat;
        }
        if (richest < 0)
            return -1;
        _credits[richest] -= total;
        return newest[richest];
    }

    static int SeatOf(Route.To route, Server server, int count)
    {
        for (var seat = 0; seat < count; seat++)
        {
            if (route.Servers[seat].IsSameAs(server))
                return seat;
        }
        return -1;
    }

    // Routes are made anew all the time, and mostly say the same.
    void Follow(Route.To route)
    {
        var isSame = _route is { } former && former.Servers.Length == route.Servers.Length;
        for (var seat = 0; isSame && seat < route.Servers.Length; seat++)
        {
            isSame = route.Servers[seat].IsSameAs(_route!.Servers[seat])
                && route.WeightOf(seat) == _route.WeightOf(seat);
        }
        _route = route;
        if (!isSame)
            _credits = new long[Math.Min(route.Servers.Length, ServersMax)];
    }

    /// <summary>Which server should have one more connection: that with the fewest for its weight, as long as it has
    /// none, or less than its part of all.</summary>
    /// <param name="route">Who may serve.</param>
    /// <param name="taken">Connections to each, logins under way included.</param>
    /// <param name="size">Of the pool.</param>
    public static Server? Poorest(Route.To route, Func<Server, int> taken, int size)
    {
        Server? poorest = null;
        var (least, weights) = (double.MaxValue, 0L);
        for (var seat = 0; seat < route.Servers.Length; seat++)
            weights += route.WeightOf(seat);
        for (var seat = 0; seat < route.Servers.Length; seat++)
        {
            var (has, weight) = (taken(route.Servers[seat]), route.WeightOf(seat));
            if (has >= Math.Max(1, size * weight / weights) || (double)has / weight >= least)
                continue;
            (poorest, least) = (route.Servers[seat], (double)has / weight);
        }
        return poorest;
    }
}
