using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Admin;

/// <summary>What PgBouncer's SHOW STATS counts. Times are in microseconds.</summary>
internal readonly record struct StatsTotals(
    long Transactions, long Units, long Received, long Sent, long TransactionTime, long UnitTime, long WaitTime)
{
    public StatsTotals And(PoolCounts counts) => new(
        Transactions + Volatile.Read(ref counts.Transactions), Units + Volatile.Read(ref counts.Units),
        Received + Volatile.Read(ref counts.ClientBytes), Sent + Volatile.Read(ref counts.ServerBytes),
        TransactionTime + Microseconds(counts.TransactionTimes), UnitTime + Microseconds(counts.UnitTimes),
        WaitTime + Microseconds(counts.Waits));

    /// <summary>Both together.</summary>
    public StatsTotals Plus(StatsTotals other) => new(
        Transactions + other.Transactions, Units + other.Units, Received + other.Received, Sent + other.Sent,
        TransactionTime + other.TransactionTime, UnitTime + other.UnitTime, WaitTime + other.WaitTime);

    public StatsTotals Less(StatsTotals before) => new(
        Transactions - before.Transactions, Units - before.Units, Received - before.Received, Sent - before.Sent,
        TransactionTime - before.TransactionTime, UnitTime - before.UnitTime, WaitTime - before.WaitTime);

    /// <summary>PgBouncer's averages: counts, bytes and waiting for each second; times for each one.</summary>
    public StatsTotals Averages(TimeSpan period) => new(
        PerSecond(Transactions, period), PerSecond(Units, period), PerSecond(Received, period),
        PerSecond(Sent, period), TransactionTime / Math.Max(Transactions, 1), UnitTime / Math.Max(Units, 1),
        PerSecond(WaitTime, period));

    public long[] InOrder => [Transactions, Units, Received, Sent, TransactionTime, UnitTime, WaitTime];

    static long PerSecond(long count, TimeSpan period) =>
        period <= TimeSpan.Zero ? 0 : (long)(count / period.TotalSeconds);

    static long Microseconds(TimeHistogram times) => (long)times.Sum.TotalMicroseconds;
}
