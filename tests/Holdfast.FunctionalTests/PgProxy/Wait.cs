using System.Diagnostics;
using Shouldly;

namespace Holdfast.FunctionalTests.PgProxy;

static class Wait
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20), s_pause = TimeSpan.FromMilliseconds(10);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(s_limit, what);
            await Task.Delay(s_pause);
        }
    }
}
