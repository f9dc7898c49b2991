namespace Holdfast.Foundation.Processes;

/// <summary>CLOCK_BOOTTIME: goes on while the machine sleeps, is never set, and is the same for every process of a host
/// (clock_gettime(2)). The only clock that a lease is counted on.</summary>
public static class BootClock
{
    const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Nanoseconds since boot.</summary>
    public static long Nanoseconds
    {
        get
        {
            Check.That(Native.ClockGetTime(Native.ClockBoottime, out var time) == 0);
            return time.Seconds * NanosecondsPerSecond + time.Nanoseconds;
        }
    }

    /// <summary>Time since boot, to 100 ns.</summary>
    public static TimeSpan Now => FromNanoseconds(Nanoseconds);

    public static TimeSpan FromNanoseconds(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / 100);

    public static long ToNanoseconds(TimeSpan sinceBoot) => sinceBoot.Ticks * 100;

    /// <summary>The same clock for those who take their time as an argument: timestamps are CLOCK_BOOTTIME, so that
    /// <c>GetElapsedTime(0)</c> is <see cref="Now"/>.</summary>
    public static TimeProvider Provider { get; } = new BootTime();

    sealed class BootTime : TimeProvider
    {
        public override long TimestampFrequency => NanosecondsPerSecond;
        public override long GetTimestamp() => Nanoseconds;
    }

    /// <summary>The kernel's id of this boot (proc(5), /proc/sys/kernel/random/boot_id).</summary>
    public static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
