namespace Holdfast.Store.Etcd;

/// <summary>Time limits of the client. Longer ones forgive a slow disk, shorter ones leave a dead
/// member sooner.</summary>
public sealed record EtcdClientSettings
{
    /// <summary>A member that does not take the connection within this is passed over: nothing was sent
    /// to it.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>One try of what may be repeated. Three of them fit into <see cref="CallLimit"/>, so one call reaches
    /// the only healthy member of three.</summary>
    public TimeSpan TryLimit { get; init; } = TimeSpan.FromMilliseconds(650);

    /// <summary>A whole call, all tries included.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long after the first endpoint was left it is tried again, by a call that may be
    /// repeated.</summary>
    public TimeSpan HomeAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait before the members are asked again when none of them could answer.</summary>
    public TimeSpan RoundPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a watch asks its member whether there is something that it was not told.</summary>
    public TimeSpan ProbeEvery { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A member that takes longer over a probe is given up by its watch: it may be frozen.</summary>
    public TimeSpan ProbeLimit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A watch that nothing has confirmed for this long has ended.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The largest answer and the longest line of a watch, in bytes.</summary>
    public int AnswerBytesMax { get; init; } = 16 * 1024 * 1024;
}
