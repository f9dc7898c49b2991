namespace Holdfast.Lab.Machine;

/// <summary>Waits for a condition, within a limit.</summary>
static class Wait
{
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <returns>Whether it came true in time.</returns>
    public static Task<bool> ForAsync(Func<bool> condition, TimeSpan limit, CancellationToken stop) =>
        ForAsync(() => Task.FromResult(condition()), limit, stop);

    /// <returns>Whether it came true in time.</returns>
    public static async Task<bool> ForAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken stop)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) >= limit)
                return false;
            await Task.Delay(Step, TimeProvider.System, stop);
        }
        return true;
    }
}
