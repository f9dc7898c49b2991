using Holdfast.Edge.Health;

namespace Holdfast.Edge.Backends;

/// <summary>One of those that a request may go to.</summary>
internal interface ICandidate
{
    /// <summary>1 to 100.</summary>
    int Weight { get; }

    /// <summary>The picker's own count.</summary>
    int Credit { get; set; }
}

/// <summary>Smooth weighted round robin (nginx, ngx_http_upstream_get_peer) among the best: pure.</summary>
internal static class Picker
{
    /// <param name="all">Their credits change.</param>
    /// <param name="standings">Of each; one that was tried before counts as <see cref="Standing.Out"/>.</param>
    /// <returns>Null: nobody may be tried.</returns>
    public static T? Pick<T>(ReadOnlySpan<T> all, ReadOnlySpan<Standing> standings)
        where T : class, ICandidate
    {
        var best = Standing.Out;
        foreach (var standing in standings)
        {
            if (standing < best)
                best = standing;
        }
        if (!Standings.MayBeTried(best))
            return null;
        // Each gains its weight, the richest is taken and pays for all: 5, 1, 1 gives a a b a c a a.
        T? richest = null;
        var total = 0;
        for (var at = 0; at < all.Length; at++)
        {
            if (standings[at] != best)
                continue;
            var candidate = all[at];
            candidate.Credit += candidate.Weight;
            total += candidate.Weight;
            if (richest is null || candidate.Credit > richest.Credit)
                richest = candidate;
        }
        richest!.Credit -= total;
        return richest;
    }
}
