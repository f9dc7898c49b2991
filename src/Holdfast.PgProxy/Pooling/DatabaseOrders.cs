namespace Holdfast.PgProxy.Pooling;

/// <summary>What an operator has ordered of one database. Safe from any thread.</summary>
internal sealed class DatabaseOrders
{
    volatile bool _isPaused, _isDisabled;
    long _oldBefore = TimeSpan.MinValue.Ticks;

    /// <summary>No client is given a server, and servers at rest are closed.</summary>
    public bool IsPaused { get => _isPaused; set => _isPaused = value; }

    /// <summary>Nobody may log in any more; who is in stays.</summary>
    public bool IsDisabled { get => _isDisabled; set => _isDisabled = value; }

    /// <summary>CLOCK_BOOTTIME: servers that are older are closed as soon as they are at rest.</summary>
    public TimeSpan OldBefore
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _oldBefore));
        set => Volatile.Write(ref _oldBefore, value.Ticks);
    }
}
