using System.Collections.Immutable;

namespace Holdfast.Supervisor.Decisions;

/// <summary>When an ended program is started again.</summary>
public sealed record RestartLimits
{
    /// <summary>Before the second restart in a row; the first one is at once, since an agent has to adopt its
    /// PostgreSQL before the lease runs out. Doubles up to <see cref="DelayMax"/>.</summary>
    public TimeSpan DelayMin { get; init; } = TimeSpan.FromSeconds(0.1);
    public TimeSpan DelayMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A program that ran so long was healthy: the next restart is a first one.</summary>
    public TimeSpan HealthyAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>More restarts than this within <see cref="StormWindow"/>: failed.</summary>
    public int StormRestartsMax { get; init; } = 10;
    public TimeSpan StormWindow { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A failed program is reported as such and gets one more try each time this has passed: whoever repaired
    /// its cause at night need not also know how to tell us.</summary>
    public TimeSpan FailedRetry { get; init; } = TimeSpan.FromSeconds(60);
}

/// <param name="Restarts">When it was restarted, within the window; oldest first.</param>
/// <param name="InARow">Restarts since it last ran for long enough.</param>
/// <param name="Total">Restarts since the supervisor began.</param>
public sealed record RestartHistory(ImmutableArray<TimeSpan> Restarts, int InARow, int Total)
{
    public static RestartHistory None { get; } = new([], 0, 0);
}

/// <param name="Delay">From now to the next start.</param>
/// <param name="Failed">The storm limit is passed.</param>
public sealed record RestartDecision(TimeSpan Delay, bool Failed, RestartHistory History, string Why);

/// <summary>The restart rule. Times are since boot.</summary>
public static class Restarts
{
    public static RestartDecision Decide(
        RestartHistory history, TimeSpan startedAt, TimeSpan now, RestartLimits limits)
    {
        var inARow = now - startedAt >= limits.HealthyAfter ? 0 : history.InARow;
        var recent = history.Restarts.RemoveAll(at => now - at >= limits.StormWindow);
        if (recent.Length >= limits.StormRestartsMax)
        {
            return new(
                limits.FailedRetry,
                Failed: true,
                new(recent.Add(now + limits.FailedRetry), inARow + 1, history.Total + 1),
                $"{recent.Length} restarts within {limits.StormWindow.TotalSeconds} s; "
                + $"one more try in {limits.FailedRetry.TotalSeconds} s");
        }
        var delay = Delay(inARow, limits);
        return new(
            delay,
            Failed: false,
            new(recent.Add(now + delay), inARow + 1, history.Total + 1),
            $"restart {inARow + 1} in a row");
    }

    static TimeSpan Delay(int inARow, RestartLimits limits)
    {
        if (inARow == 0)
            return TimeSpan.Zero;
        var doublings = Math.Min(inARow - 1, 30); // More would overflow, and is far above any maximum.
        var delay = limits.DelayMin * (1L << doublings);
        return delay < limits.DelayMax ? delay : limits.DelayMax;
    }
}
