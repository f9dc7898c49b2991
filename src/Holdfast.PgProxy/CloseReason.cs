namespace Holdfast.PgProxy;

/// <summary>Why a client's connection ended: side and cause.</summary>
internal enum CloseReason
{
    None,
    ClientClosed,
    ClientFailed,

    /// <summary>It connected, and said nothing more: a health check, mostly.</summary>
    ClientSilent,
    ClientGoneWhileHeld,
    StartupTimeout,
    StartupBroken,
    TooManyClients,
    CancelForwarded,
    HoldTimeout,

    /// <summary>All servers of its pool were busy for too long.</summary>
    PoolTimeout,

    /// <summary>Its login failed: who it is, or what it wants.</summary>
    LoginRefused,

    /// <summary>The server takes one of its startup settings not.</summary>
    SettingsRefused,

    /// <summary>It said nothing for too long: with a transaction open, or with nothing.</summary>
    IdleTransactionTimeout,
    IdleTimeout,

    /// <summary>What it asked ran for too long, and could not be cancelled.</summary>
    QueryTimeout,
    BackendClosed,
    BackendFailed,

    /// <summary>The server lost the role that it was chosen for.</summary>
    RoleLost,

    /// <summary>The server itself said, during the login, that it is a standby.</summary>
    HotStandby,
    Draining,

    /// <summary>An administrator's KILL or KILL_CLIENT.</summary>
    Killed,

    /// <summary>An error of the proxy itself; it is in the log.</summary>
    Broken,
}
