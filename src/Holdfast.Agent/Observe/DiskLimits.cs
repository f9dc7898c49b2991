namespace Holdfast.Agent.Observe;

/// <summary>Every wait of the write probe, by name.</summary>
internal sealed record DiskLimits
{
    /// <summary>Between two writes, and between two looks at one that has not come back.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A write that has not come back is called hung after so many looks during which the volume's device
    /// completed no write of anybody: under plain load a sync may take seconds, but then the device is busy writing.
    /// Commits have waited that long too, and a failover adds about a second. Looks are counted, not the clock: an
    /// agent that was frozen itself has looked once.</summary>
    public int QuietLooks { get; init; } = 5;

    /// <summary>So many looks are too many, whatever the device completes: no commit ends meanwhile.</summary>
    public int Looks { get; init; } = 30;

    /// <summary>Bytes. With less PostgreSQL can't make its next segment of write-ahead log (16 MiB), and ends in a
    /// PANIC; what that frees would otherwise look like room.</summary>
    public long RoomMin { get; init; } = 16 * 1024 * 1024;
}
