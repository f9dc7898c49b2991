using Holdfast.Cluster.Configuration;

namespace Holdfast.Edge.Health;

/// <summary>What the requests of one route to an instance have shown, in nginx's terms: pure. Times are those of one
/// clock that never goes back.</summary>
/// <param name="Fails">Within the window that began at <paramref name="Since"/>.</param>
/// <param name="Since">Of the first of them.</param>
/// <param name="Until">It is passed over before then; null: it was not, since its last success.</param>
internal readonly record struct PassiveHealth(int Fails, TimeSpan Since, TimeSpan? Until)
{
    public bool IsPassedOver(TimeSpan now) => now < Until;

    /// <summary>A success forgets everything.</summary>
    public static PassiveHealth AfterSuccess => default;

    public PassiveHealth AfterFailure(TimeSpan now, RouteSettings settings)
    {
        if (settings.MaxFails <= 0)
            return this;
        // It was passed over, and is on trial now: one failure is enough.
        if (Until is not null)
            return this with { Until = now + settings.FailTimeout };
        var counted = Fails > 0 && now - Since <= settings.FailTimeout
            ? this with { Fails = Fails + 1 }
            : new PassiveHealth(1, now, Until: null);
        return counted.Fails >= settings.MaxFails ? counted with { Until = now + settings.FailTimeout } : counted;
    }

    /// <summary>What nginx counts: http_500, http_502, http_503, http_504 of proxy_next_upstream.</summary>
    public static bool IsFailure(int status) => status is 500 or 502 or 503 or 504;
}
