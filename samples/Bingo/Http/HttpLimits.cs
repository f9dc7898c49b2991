namespace Bingo.Http;

/// <summary>What one client may take.</summary>
static class HttpLimits
{
    public const int BodyBytesMax = 64 * 1024, ConnectionsMax = 4096, RequestIdCharactersMax = 128;

    /// <summary>Of a list, before they are handed to the connection.</summary>
    public const int ChunkBytes = 16 * 1024;

    public static readonly TimeSpan Headers = TimeSpan.FromSeconds(10), Idle = TimeSpan.FromMinutes(2);

    /// <summary>From SIGTERM, for requests under way: the longest computation, on a busy machine.</summary>
    public static readonly TimeSpan Stop = TimeSpan.FromSeconds(8);

    public static readonly TimeSpan LongDummyMin = TimeSpan.FromSeconds(3), LongDummyMax = TimeSpan.FromSeconds(4.9);

    /// <summary>The first and the year after the last in which a session may begin.</summary>
    public const int YearFirst = 1900, YearEnd = 2200;
}
