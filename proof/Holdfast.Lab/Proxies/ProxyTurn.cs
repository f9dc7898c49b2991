using System.Globalization;

namespace Holdfast.Lab.Proxies;

/// <summary>One run of pgbench on one path; a round has several of each path, in turns.</summary>
/// <param name="Cpu">The proxy's own, of all transactions; null where there is no proxy.</param>
/// <param name="Problem">Why there is no result.</param>
sealed record ProxyTurn(
    ProxyPath Path,
    DateTimeOffset At,
    PgbenchResult? Result = null,
    TimeSpan? Cpu = null,
    double? ResidentMib = null,
    double? Stolen = null,
    string? Problem = null)
{
    public override string ToString() => Result is null
        ? $"{Problem}"
        : string.Create(CultureInfo.InvariantCulture, $"{Result.PerSecond,8:0}/s  p50 {Result.PercentileMs(0.5):0.00}  "
            + $"p99 {Result.PercentileMs(0.99):0.00} ms  {Cpu?.TotalMicroseconds / Result.Transactions:0.0} us  "
            + $"{ResidentMib:0.0} MiB  stolen {Stolen:P1}");
}
