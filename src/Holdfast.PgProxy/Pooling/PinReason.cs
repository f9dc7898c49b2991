namespace Holdfast.PgProxy.Pooling;

/// <summary>Why a session keeps its server.</summary>
internal enum PinReason
{
    None,

    /// <summary>A temporary table, an advisory lock, a cursor WITH HOLD, or a text too long to be read.</summary>
    SessionState,

    /// <summary>SET of a setting that the proxy does not keep for its client.</summary>
    Setting,

    /// <summary>LISTEN, LOAD, or PREPARE in SQL.</summary>
    Command,
}
