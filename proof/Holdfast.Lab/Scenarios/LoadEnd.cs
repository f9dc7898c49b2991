using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Scenarios;

/// <summary>When the load after a fault has shown enough: a fixed time is too short for the slow and too long for the
/// rest.</summary>
/// <param name="BrokenMs">When the scenario had done its worst, since boot.</param>
/// <param name="LeftServer">Whose acknowledgements do not count, since writes must go elsewhere; null: any server
/// will do.</param>
/// <param name="MostMs">After it, an outage that has not ended is as long as it is.</param>
sealed record LoadEnd(double BrokenMs, string? LeftServer, double MostMs)
{
    public const double LeastMs = 6_000, SteadyMs = 4_000;

    /// <summary>Between two acknowledgements of steady writing.</summary>
    const double GapMaxMs = 500;

    /// <param name="acknowledged">At least those of the last <see cref="SteadyMs"/>, in any order.</param>
    /// <param name="nowMs">Since boot.</param>
    public bool IsReached(IEnumerable<Attempt> acknowledged, double nowMs)
    {
        if (nowMs - BrokenMs >= MostMs)
            return true;
        if (nowMs - BrokenMs < LeastMs)
            return false;
        var last = nowMs - SteadyMs;
        foreach (var at in acknowledged
            .Where(attempt => attempt.EndedMs >= last && attempt.Server != LeftServer)
            .Select(attempt => attempt.EndedMs).Order())
        {
            if (at - last > GapMaxMs)
                return false;
            last = at;
        }
        return nowMs - last <= GapMaxMs;
    }
}
