namespace Bingo.Data;

/// <summary>How long, and how often, the database is asked.</summary>
static class DataLimits
{
    /// <summary>Tries of one read or write, and the time after which none begins.</summary>
    public const int TriesMax = 3;
    public static readonly TimeSpan TryWithin = TimeSpan.FromSeconds(2);

    /// <summary>For a row by its id takes milliseconds: a try that took this long met a dead server, and another one
    /// may live.</summary>
    public static readonly TimeSpan ShortTry = TimeSpan.FromMilliseconds(650);

    /// <summary>The last try of a short query.</summary>
    public static readonly TimeSpan ShortQuery = TimeSpan.FromSeconds(5);

    /// <summary>Until a list has its first row.</summary>
    public static readonly TimeSpan ListQuery = TimeSpan.FromSeconds(30);

    /// <summary>Until a list is sent whole, however slow its reader.</summary>
    public static readonly TimeSpan ListTotal = TimeSpan.FromSeconds(120);

    /// <summary>Lists at one time: they must leave connections to those who ask for one row.</summary>
    public const int ListsMax = 4;
    public static readonly TimeSpan ListTurn = TimeSpan.FromSeconds(5);

    /// <summary>A commit may wait for a standby that has just gone.</summary>
    public static readonly TimeSpan Commit = TimeSpan.FromSeconds(10);

    /// <summary>A connection to the primary, which a proxy may keep waiting while there is none; to the replica, for
    /// which there is another way; and to look whether one is there.</summary>
    public static readonly TimeSpan ConnectPrimary = TimeSpan.FromSeconds(5),
        ConnectReplica = TimeSpan.FromSeconds(2),
        ConnectLook = TimeSpan.FromSeconds(1);

    /// <summary>One in use, and those that are still waiting for an answer when the next look begins.</summary>
    public const int LookConnectionsMax = 3;

    /// <summary>Before the second try, and twice that before the third.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    /// <summary>What broke one connection has broken its neighbours; those made since are left alone.</summary>
    public static readonly TimeSpan BetweenClears = TimeSpan.FromMilliseconds(500);

    /// <summary>Of one look whether the database is there, and the pause after it: together under a second, so that no
    /// answer of /ping is older.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(700), LookPause = TimeSpan.FromMilliseconds(250);

    /// <summary>The newest sessions, for the list of them.</summary>
    public const int SessionsListed = 100_000;
}
