namespace Holdfast.Cluster.Model;

/// <summary>What is wrong with the volume of a data directory.</summary>
public enum DiskTrouble
{
    /// <summary>It can be written, or nobody has found out yet.</summary>
    None,

    /// <summary>No room, or no room for one more segment of write-ahead log.</summary>
    Full,

    /// <summary>Mounted read-only, as Linux does with a file system that it found damaged.</summary>
    ReadOnly,

    /// <summary>Writing fails in another way, such as EIO.</summary>
    Error,

    /// <summary>A write does not come back.</summary>
    Hung,
}

/// <summary>What the write probe says of the volume under a data directory, and of that under its write-ahead
/// log.</summary>
/// <param name="Trouble">Settled: one bad answer alone is none.</param>
/// <param name="Why">In words; empty when all is well.</param>
/// <param name="Age">Since the last write that succeeded.</param>
public sealed record DiskView(DiskTrouble Trouble, string Why, TimeSpan Age)
{
    public static DiskView Well { get; } = new(DiskTrouble.None, "", TimeSpan.Zero);

    public bool IsWell => Trouble == DiskTrouble.None;

    /// <summary>As it stands in the member key and in the status: <c>ok</c>, <c>full</c>, <c>read-only</c>,
    /// <c>error</c>, <c>hung</c>.</summary>
    public string Word => Trouble switch
    {
        DiskTrouble.Full => "full",
        DiskTrouble.ReadOnly => "read-only",
        DiskTrouble.Error => "error",
        DiskTrouble.Hung => "hung",
        _ => "ok",
    };
}
