namespace Holdfast.Store.Memory;

/// <summary>A lease that ends by a timer of <paramref name="clock"/>. Guarded by the store's lock.</summary>
sealed class MemoryLease(TimeProvider clock, TimeSpan ttl, Action ended) : IDisposable
{
    readonly ITimer _timer = clock.CreateTimer(_ => ended(), state: null, ttl, Timeout.InfiniteTimeSpan);
    long _renewedAt = clock.GetTimestamp();

    public TimeSpan Remaining => ttl - clock.GetElapsedTime(_renewedAt);

    public TimeSpan Renew()
    {
        _renewedAt = clock.GetTimestamp();
        _timer.Change(ttl, Timeout.InfiniteTimeSpan);
        return ttl;
    }

    public void Dispose() => _timer.Dispose();
}
