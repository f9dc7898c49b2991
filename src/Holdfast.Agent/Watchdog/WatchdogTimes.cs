namespace Holdfast.Agent.Watchdog;

/// <summary>How long the device waits for the next ping. Pure.</summary>
internal static class WatchdogTimes
{
    /// <summary>Patroni's smallest ttl. Below it its margin of 5 s leaves nothing.</summary>
    static readonly TimeSpan MarginFrom = TimeSpan.FromSeconds(20);

    const int SecondsMin = 1;

    /// <summary>Whole seconds: Patroni's rule, and never beyond the deadline of the lease that was just counted: the
    /// reset must come before another node can lead.</summary>
    /// <param name="ttl">In force.</param>
    /// <param name="left">Until the deadline.</param>
    /// <param name="safetyMargin">Seconds; negative: half of ttl.</param>
    public static int Timeout(TimeSpan ttl, TimeSpan left, int safetyMargin)
    {
        var wanted = safetyMargin < 0 ? (int)(ttl.TotalSeconds / 2)
            : ttl >= MarginFrom ? (int)ttl.TotalSeconds - safetyMargin
            : int.MaxValue;
        return Math.Max(SecondsMin, Math.Min(wanted, (int)left.TotalSeconds));
    }
}
