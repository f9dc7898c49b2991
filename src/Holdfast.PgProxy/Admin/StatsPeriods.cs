using System.Collections.Immutable;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Sessions;

namespace Holdfast.PgProxy.Admin;

/// <summary>What was counted of each database, and in the last whole period (PgBouncer's stats_period). Safe from any
/// thread.</summary>
internal sealed class StatsPeriods(PooledProxy plane)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(60);

    volatile Periods _periods = new(Moment.Start, Moment.Start);

    /// <param name="At">CLOCK_BOOTTIME.</param>
    sealed record Moment(TimeSpan At, ImmutableDictionary<(Port, string), StatsTotals> Totals)
    {
        public static readonly Moment Start =
            new(TimeSpan.Zero, ImmutableDictionary<(Port, string), StatsTotals>.Empty);
    }

    sealed record Periods(Moment Before, Moment Last);

    /// <summary>Called now and then; by one thread at a time.</summary>
    public void OnTime(TimeSpan now)
    {
        var last = _periods.Last;
        if (last == Moment.Start)
            _periods = new(Moment.Start, new(now, last.Totals));
        else if (now - last.At >= Period)
            _periods = new(last, new(now, Count()));
    }

    /// <summary>Since the start; and of the last period, or of the time since the start while there is none.</summary>
    public IReadOnlyList<(string Database, StatsTotals Total, StatsTotals Period, TimeSpan Length)> Of(
        Port port, TimeSpan now)
    {
        var current = Count();
        var (before, last) = (_periods.Before, _periods.Last);
        var (began, ended) = before == Moment.Start ? (last, new Moment(now, current)) : (before, last);
        return [.. from pair in current.OrderBy(pair => pair.Key.Item2, StringComparer.Ordinal)
                   where pair.Key.Item1 == port
                   let period = ended.Totals.GetValueOrDefault(pair.Key)
                       .Less(began.Totals.GetValueOrDefault(pair.Key))
                   select (pair.Key.Item2, pair.Value, period, ended.At - began.At)];
    }

    ImmutableDictionary<(Port, string), StatsTotals> Count() => plane.SharedPools
        .GroupBy(pool => (pool.Key.Port, pool.Key.Database))
        .ToImmutableDictionary(
            group => group.Key,
            group => group.SelectMany(pool => pool.Counts).Aggregate(default(StatsTotals), (sum, one) => sum.And(one)));
}
