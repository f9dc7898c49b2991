using System.Diagnostics;

namespace Holdfast.FunctionalTests.Supervisor;

static class Wait
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Looks every few milliseconds; the time it took.</summary>
    public static async Task<TimeSpan> UntilAsync(Func<bool> condition, string what, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(began) > Limit)
                throw new TimeoutException($"not within {Limit.TotalSeconds} s: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(2), stop);
        }
        return Stopwatch.GetElapsedTime(began);
    }
}
