using System.Numerics;

namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// How long something took, in buckets whose upper edges double. Written by one thread, without a lock or memory;
/// others read at any time, and may see a sum that is one observation ahead of its bucket.
/// </summary>
internal sealed class TimeHistogram
{
    /// <summary>2^6 microseconds: below it a turn of a loop can't tell.</summary>
    const int FirstPower = 6;

    /// <summary>2^27 microseconds, 134 s: longer than any wait that somebody bears.</summary>
    const int LastPower = 27;

    /// <summary>With the one of all that is longer.</summary>
    public const int Buckets = LastPower - FirstPower + 2;

    readonly long[] _counts = new long[Buckets];
    long _ticks;

    public TimeSpan Sum => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>Seconds; of the last one infinity.</summary>
    public static double EdgeOf(int bucket) =>
        bucket == Buckets - 1 ? double.PositiveInfinity : (1L << (FirstPower + bucket)) / 1e6;

    public long this[int bucket] => Volatile.Read(ref _counts[bucket]);

    public void Observe(TimeSpan took)
    {
        var ticks = Math.Max(took.Ticks, 0);
        _ticks += ticks;
        // The power of two that is not below it.
        var microseconds = (ulong)(ticks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond;
        var power = microseconds <= 1 ? 0 : BitOperations.Log2(microseconds - 1) + 1;
        _counts[Math.Clamp(power - FirstPower, 0, Buckets - 1)]++;
    }
}
