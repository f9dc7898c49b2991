using System.Globalization;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Supervisor.Decisions;

/// <summary>What is known of the health of one life of an app. Times are since boot.</summary>
/// <param name="StartedAt">From then on it may take <see cref="HealthSettings.Start"/> to become healthy.</param>
/// <param name="IsProven">It was healthy in this life: from then on bad answers count.</param>
/// <param name="IsHealthy">What the cluster is told.</param>
/// <param name="Good">Good answers in a row, at most <see cref="HealthSettings.Rise"/>.</param>
/// <param name="Bad">Bad answers in a row.</param>
public sealed record AppHealthHistory(TimeSpan StartedAt, bool IsProven, bool IsHealthy, int Good, int Bad)
{
    public static AppHealthHistory Started(TimeSpan at) => new(at, IsProven: false, IsHealthy: false, 0, 0);

    /// <summary>Of a process that an earlier supervisor started: one that is older than its start may take has been
    /// healthy, or that supervisor would have ended it.</summary>
    public static AppHealthHistory Adopted(TimeSpan startedAt, TimeSpan now, HealthSettings limits) =>
        now - startedAt >= limits.Start ? Started(now) with { IsProven = true } : Started(startedAt);
}

/// <param name="Restart">All of it is to be killed and started anew.</param>
public sealed record AppHealthDecision(AppHealthHistory History, bool Restart, string Why);

/// <summary>The health rule of an app: rise, fall and start.</summary>
public static class AppHealth
{
    /// <param name="history">Before the answer.</param>
    /// <param name="problem">Of the answer; null: it was a good one.</param>
    /// <param name="now">When it came.</param>
    /// <param name="limits">Of the app.</param>
    public static AppHealthDecision Decide(
        AppHealthHistory history, string? problem, TimeSpan now, HealthSettings limits)
    {
        var next = problem is null ? AfterGood(history, limits) : AfterBad(history, limits);
        var lack = problem ?? $"{next.Good} of {limits.Rise} good answers";
        return next switch
        {
            { IsHealthy: true, Bad: 0 } => new(next, Restart: false, "it serves"),
            { IsHealthy: true } => new(next, Restart: false, $"{next.Bad} of {limits.Fall} bad answers: {problem}"),
            { IsProven: true } when next.Bad >= limits.Fall =>
                new(next, Restart: true, $"{next.Bad} bad answers in a row, the last: {problem}"),
            _ when now - next.StartedAt >= limits.Start =>
                new(next, Restart: true, $"not healthy within {Seconds(limits.Start)} s: {lack}"),
            _ => new(next, Restart: false, $"not healthy yet: {lack}"),
        };
    }

    static AppHealthHistory AfterGood(AppHealthHistory history, HealthSettings limits)
    {
        var good = Math.Min(history.Good + 1, limits.Rise);
        var healthy = history.IsHealthy || good >= limits.Rise;
        return history with { Good = good, Bad = 0, IsHealthy = healthy, IsProven = history.IsProven || healthy };
    }

    static AppHealthHistory AfterBad(AppHealthHistory history, HealthSettings limits)
    {
        var bad = Math.Min(history.Bad + 1, limits.Fall);
        return history with { Good = 0, Bad = bad, IsHealthy = history.IsHealthy && bad < limits.Fall };
    }

    static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
