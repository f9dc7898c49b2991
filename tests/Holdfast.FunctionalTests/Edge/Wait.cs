using System.Diagnostics;
using Shouldly;

namespace Holdfast.FunctionalTests.Edge;

static class Wait
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Looks, 10 ms apart, that a standstill lasts.</summary>
    const int StillLooks = 30;

    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(Limit, what);
            await Task.Delay(s_pause);
        }
    }

    /// <summary>Until a count no longer grows; one that is still 0 has not begun.</summary>
    public static async Task UntilStillAsync(Func<long> count, string what)
    {
        var (started, last, same) = (Stopwatch.GetTimestamp(), 0L, 0);
        while (same < StillLooks)
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(Limit, what);
            await Task.Delay(s_pause);
            var now = count();
            (last, same) = (now, now == last && now > 0 ? same + 1 : 0);
        }
    }
}
