using System.Diagnostics;

namespace Holdfast.Doubles.Postgres;

/// <summary>Waits on conditions, never on the clock.</summary>
public static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    public static Task IsAsync(string what, Func<bool> condition) =>
        IsAsync(what, () => ValueTask.FromResult(condition()));

    /// <exception cref="TimeoutException">It did not come true within <see cref="Limit"/>.</exception>
    public static async Task IsAsync(string what, Func<ValueTask<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Limit)
                throw new TimeoutException($"not within {Limit.TotalSeconds} s: {what}");
            using var timer = new PeriodicTimer(LookEvery);
            await timer.WaitForNextTickAsync();
        }
    }
}
