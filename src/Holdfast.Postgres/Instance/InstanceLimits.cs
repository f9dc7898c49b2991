namespace Holdfast.Postgres.Instance;

/// <summary>Every wait of this folder, by name.</summary>
static class InstanceLimits
{
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(3);

    /// <summary>Over the unix socket, in whole seconds.</summary>
    public static readonly TimeSpan ConnectLocal = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Sql = TimeSpan.FromSeconds(10);

    /// <summary>How many local sessions wait for the next step. With the look's own they are no more than a server
    /// keeps free for superusers (superuser_reserved_connections is 3).</summary>
    public const int KeptSessionsMax = 2;

    /// <summary>One that was not used for so long is closed when the next step comes.</summary>
    public static readonly TimeSpan KeptSession = TimeSpan.FromSeconds(10);

    /// <summary>How long a reloaded value may take to be in force.</summary>
    public static readonly TimeSpan Reload = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Promote = TimeSpan.FromSeconds(60);

    /// <summary>How long a promotion waits for the replay of what is here, so that it is known where it
    /// began.</summary>
    public static readonly TimeSpan Replay = TimeSpan.FromMilliseconds(500);
    public static readonly TimeSpan Checkpoint = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan FreshSegment = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan Roles = TimeSpan.FromMinutes(1);

    /// <summary>Between two looks at a condition that we wait for.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>From the start of the process until it holds postmaster.pid.</summary>
    public static readonly TimeSpan Start = TimeSpan.FromSeconds(10);

    /// <summary>Until nobody is attached to the former shared memory segment.</summary>
    public static readonly TimeSpan SharedMemory = TimeSpan.FromSeconds(10);

    /// <summary>Until the former postmaster is reaped. We start without that too: it holds nothing any more.</summary>
    public static readonly TimeSpan Reaped = TimeSpan.FromSeconds(2);

    /// <summary>From SIGKILL until the process is gone.</summary>
    public static readonly TimeSpan Killed = TimeSpan.FromSeconds(10);

    /// <summary>How long the kill waits for standby.signal to be on disk.</summary>
    public static readonly TimeSpan Signal = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan ControlData = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan WalDump = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan InitDb = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan Backup = TimeSpan.FromHours(48);
    public static readonly TimeSpan Rewind = TimeSpan.FromHours(12);
    public static readonly TimeSpan Delete = TimeSpan.FromHours(1);
    public static readonly TimeSpan SyncFileSystem = TimeSpan.FromHours(1);

    /// <summary>A copy that moved no byte for so long has stalled.</summary>
    public static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    /// <summary>At such a rate (17 kB/s) even a small cluster takes hours, and its log is gone before it
    /// streams.</summary>
    public static readonly CrawlLimit Crawl = new(TimeSpan.FromMinutes(5), 5 * 1024 * 1024);

    /// <summary>One segment of log from another server.</summary>
    public static readonly TimeSpan Segment = TimeSpan.FromMinutes(1);

    /// <summary>Asking a source how large it is: it looks at every file.</summary>
    public static readonly TimeSpan ClusterSize = TimeSpan.FromMinutes(1);

    /// <summary>A clone needs the source's size, this part of it more, and <see cref="RoomBytes"/>: what is written
    /// there meanwhile comes along.</summary>
    public const double RoomShare = 0.1;
    public const long RoomBytes = 64 * 1024 * 1024;

    /// <summary>The source makes a checkpoint before it sends anything.</summary>
    public static readonly TimeSpan StallBeforeFirstByte = TimeSpan.FromMinutes(10);

    /// <summary>How much of a program's output is kept to say why it failed.</summary>
    public const int OutputCharactersMax = 16 * 1024;

    /// <summary>How much of the server's log is read to say why a start failed.</summary>
    public const int LogTailBytesMax = 16 * 1024;
}
