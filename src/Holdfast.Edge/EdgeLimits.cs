namespace Holdfast.Edge;

/// <summary>The limits that nobody needs to set.</summary>
internal static class EdgeLimits
{
    /// <summary>Clients connected at once; each may need two of the process's open files.</summary>
    public const long ConnectionsMax = 8000;

    /// <summary>Of the metrics' port.</summary>
    public const long MetricsConnectionsMax = 32;

    public const int HeaderBytesMax = 32 * 1024, HeaderCountMax = 100, RequestLineBytesMax = 8 * 1024;

    /// <summary>From a request's first byte to the end of its headers.</summary>
    public static readonly TimeSpan Headers = TimeSpan.FromSeconds(10);

    /// <summary>How long a client's connection rests between two requests.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(75);

    /// <summary>Clients that send or take less, after the grace, are cut off.</summary>
    public const double BytesPerSecondMin = 240;
    public static readonly TimeSpan SlowGrace = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(1);

    /// <summary>Connections to one instance; requests beyond wait for one, within their route's timeout.</summary>
    public const int InstanceConnectionsMax = 1024;

    /// <summary>Resting connections are closed by us before the instance does it: Node's 5 s are the shortest in
    /// wide use. Whoever closes first can't be surprised.</summary>
    public static readonly TimeSpan InstanceIdle = TimeSpan.FromSeconds(4);

    /// <summary>So that a changed name of a host is looked up again.</summary>
    public static readonly TimeSpan InstanceConnectionLife = TimeSpan.FromMinutes(10);

    /// <summary>Of an instance's answer, in KiB (the unit of SocketsHttpHandler).</summary>
    public const int AnswerHeaderKibibytesMax = 64;

    /// <summary>What is read of an answer that nobody wants, to keep its connection.</summary>
    public const int DrainBytesMax = 64 * 1024;
    public static readonly TimeSpan AnswerDrain = TimeSpan.FromSeconds(1);

    /// <summary>Bytes that one direction of one request holds, beside the buffers of the sockets.</summary>
    public const int CopyBytes = 16 * 1024;

    /// <summary>The beginning of a request's body that is kept for a second attempt.</summary>
    public const int ReplayBytesMax = 16 * 1024;

    /// <summary>Between two pieces of an answer's body.</summary>
    public static readonly TimeSpan AnswerPause = TimeSpan.FromSeconds(60);

    /// <summary>The first attempt, and one on another instance.</summary>
    public const int AttemptsMax = 2;

    /// <summary>Attempts that met a connection which was already closed don't count, up to so many.</summary>
    public const int StaleConnectionsMax = 16;

    /// <summary>A request that has waited so long for its first byte asks for a check of its instance.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromMilliseconds(300);

    /// <summary>An instance in doubt whose check has taken so long gets nothing while another one is better.</summary>
    public static readonly TimeSpan DoubtPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>Between looks at what waits.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>A check takes no longer, whatever the file allows the supervisor: to take an instance out costs less
    /// than to restart it.</summary>
    public static readonly TimeSpan CheckMax = TimeSpan.FromMilliseconds(500);

    /// <summary>Bad checks in a row that take an instance out, whatever more the file allows the supervisor.</summary>
    public const int FallMax = 2;

    /// <summary>At least so long between two checks, however many doubt.</summary>
    public static readonly TimeSpan DoubtSpacing = TimeSpan.FromMilliseconds(50);

    /// <summary>From a bad check, or one that another one must confirm, to the next.</summary>
    public static readonly TimeSpan RecheckPause = TimeSpan.FromMilliseconds(100);

    /// <summary>After so many bad ones in a row the checks come at their usual interval again.</summary>
    public const int QuickChecksMax = 100;

    /// <summary>Lines of the access log that wait to be written; more are dropped and counted.</summary>
    public const int AccessLinesMax = 4096;
    public const int LoggedPathCharsMax = 1024;

    /// <summary>For the lines that still wait when the edge ends.</summary>
    public static readonly TimeSpan AccessLogEnd = TimeSpan.FromSeconds(1);

    public const int RequestIdCharsMax = 128;

    /// <summary>What a client without an instance is told to wait.</summary>
    public const int RetryAfterSeconds = 1;

    /// <summary>After a watch that ended: doubled each time, up to the maximum.</summary>
    public static readonly TimeSpan WatchPause = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan WatchPauseMax = TimeSpan.FromSeconds(1);
}
