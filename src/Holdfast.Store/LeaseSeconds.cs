namespace Holdfast.Store;

static class LeaseSeconds
{
    /// <summary>The ttl as the store counts it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a whole number of seconds, 1 or more.</exception>
    public static long Of(TimeSpan ttl) =>
        ttl.Ticks % TimeSpan.TicksPerSecond == 0 && ttl.Ticks > 0
            ? ttl.Ticks / TimeSpan.TicksPerSecond
            : throw new ArgumentOutOfRangeException(nameof(ttl), ttl, "a lease lasts whole seconds, 1 or more");
}
