namespace Holdfast.Cluster.Model;

public enum WatchdogMode
{
    Off,

    /// <summary>Used where it works.</summary>
    Automatic,

    /// <summary>Without a working one this node never becomes leader, and does not stay it.</summary>
    Required,
}

/// <summary>Patroni's section <c>watchdog</c>: a device that resets the host when nobody writes to it in
/// time.</summary>
public sealed record WatchdogSettings
{
    public WatchdogMode Mode { get; init; } = WatchdogMode.Off;
    public string Device { get; init; } = "/dev/watchdog";

    /// <summary>Seconds by which the device's timeout is shorter than ttl, at a ttl of 20 s or more; -1: half of
    /// ttl.</summary>
    public int SafetyMargin { get; init; } = 5;

    /// <summary>The device is a file or pipe that records what is written (Patroni's driver <c>testing</c>).</summary>
    public bool Testing { get; init; }

    public static WatchdogMode? ModeOf(string text) => text switch
    {
        "off" or "false" => WatchdogMode.Off,
        "automatic" => WatchdogMode.Automatic,
        "required" => WatchdogMode.Required,
        _ => null,
    };
}
