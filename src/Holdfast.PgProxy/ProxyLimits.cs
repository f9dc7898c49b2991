namespace Holdfast.PgProxy;

/// <summary>The limits that nobody needs to set.</summary>
internal static class ProxyLimits
{
    /// <summary>Connections that the kernel keeps for us before they are accepted; net.core.somaxconn at
    /// most.</summary>
    public const int Backlog = 4096;

    /// <summary>Clients over the limit that are told so at once; those beyond are closed without a word.</summary>
    public const int RefusalsMax = 64;

    /// <summary>Kinds of clients by port, database, user and startup settings.</summary>
    public const int PoolsMax = 10_000;

    /// <summary>Logins to one server under way at once, over all pools of this proxy.</summary>
    public const int ServerLoginsAtOnceMax = 16;

    /// <summary>Of them, those of one pool on one loop to who is about to become primary: its clients are still at
    /// work.</summary>
    public const int SuccessorLoginsAtOnceMax = 4;

    /// <summary>For one who was named to become primary, and is named no more, to be it.</summary>
    public static readonly TimeSpan Successor = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that one direction of a session holds.</summary>
    public const int RelayBytes = 16 * 1024;

    /// <summary>Servers that one cancel request is sent to.</summary>
    public const int CancelTargetsMax = 16;

    /// <summary>Cancel requests for other proxies' clients under way at once; those beyond are dropped.</summary>
    public const int CancelsSentOnMax = 64;

    /// <summary>From the client's connect to its whole startup message (PostgreSQL: authentication_timeout).</summary>
    public static readonly TimeSpan Startup = TimeSpan.FromSeconds(30);

    /// <summary>The same for a client that is only to be told that there are too many.</summary>
    public static readonly TimeSpan Refusal = TimeSpan.FromSeconds(2);

    /// <summary>While there are too many clients, one that has not logged in for so long gives way to the
    /// next.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(1);

    /// <summary>For a server to say what it knows of a user.</summary>
    public static readonly TimeSpan AuthQuery = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(1);

    /// <summary>From the connect to a server until it has let us in.</summary>
    public static readonly TimeSpan ServerLogin = TimeSpan.FromSeconds(15);

    /// <summary>A loop without a free server asks the others for one this often.</summary>
    public static readonly TimeSpan AskOthersEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>A pool that has found no place for a server for so long gets that of a busy pool.</summary>
    public static readonly TimeSpan StarvedAfter = TimeSpan.FromSeconds(1);

    /// <summary>For a server to forget a session: it is closed then.</summary>
    public static readonly TimeSpan Reset = TimeSpan.FromSeconds(15);

    /// <summary>For a server to answer once a query was cancelled for query_timeout.</summary>
    public static readonly TimeSpan CancelAnswer = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks for clients that have been silent for too long.</summary>
    public static readonly TimeSpan SilenceLook = TimeSpan.FromSeconds(1);

    /// <summary>A pool that has nobody is forgotten after one to two of these.</summary>
    public static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks at the routes, for those whose view has only become older, or fresh again.</summary>
    public static readonly TimeSpan RoutesEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>While a stopping proxy waits for its clients to come to rest.</summary>
    public static readonly TimeSpan DrainLook = TimeSpan.FromMilliseconds(20);

    /// <summary>Between two tries with a server that is not ready: doubled each time, up to the maximum.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(25);
    public static readonly TimeSpan RetryPauseMax = TimeSpan.FromMilliseconds(200);

    /// <summary>A held client looks this often even if the view did not change (it may be fresh again).</summary>
    public static readonly TimeSpan HoldLook = TimeSpan.FromMilliseconds(250);

    /// <summary>For one server to take a cancel request, connect included.</summary>
    public static readonly TimeSpan Cancel = TimeSpan.FromSeconds(2);

    /// <summary>For a client to close after its server ended the session.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>For a process that takes over to see the store; else the former one goes on.</summary>
    public static readonly TimeSpan TakeOverView = TimeSpan.FromSeconds(10);

    /// <summary>After an accept that failed for want of open files or memory.</summary>
    public static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    /// <summary>A silent peer is asked after so long, then every interval.</summary>
    public const int KeepAliveSeconds = 10, KeepAliveIntervalSeconds = 2, KeepAliveTries = 3;

    /// <summary>
    /// Bytes without acknowledgement, or a window closed for so long, end the connection. The kernel counts a peer that
    /// merely does not read, too: a server blocked by a lock while its client sends on, a client that ponders a
    /// large result. So these are long; a silent primary is cut by the loss of its role, much sooner.
    /// </summary>
    public const int BackendUnackedMs = 60_000, ClientUnackedMs = 300_000;
}
