namespace Holdfast.Postgres.Wire;

/// <summary>The error codes that a proxy itself says or acts on (PostgreSQL manual, Appendix A).</summary>
public static class SqlState
{
    public const string ProtocolViolation = "08P01";
    public const string FeatureNotSupported = "0A000";
    public const string InvalidAuthorization = "28000";
    public const string InvalidPassword = "28P01";
    public const string SerializationFailure = "40001";
    public const string ProgramLimitExceeded = "54000";
    public const string TooManyConnections = "53300";
    public const string TransactionResolutionUnknown = "08007";
    public const string IdleInTransactionTimeout = "25P03";
    public const string QueryCanceled = "57014";
    public const string IdleSessionTimeout = "57P05";
    public const string AdminShutdown = "57P01";
    public const string CrashShutdown = "57P02";

    /// <summary>The server starts up, shuts down, or is not consistent yet.</summary>
    public const string CannotConnectNow = "57P03";

    /// <summary>As the first answer: the server goes or comes, and has done nothing for this client.</summary>
    public static bool IsComingOrGoing(string code) => code is AdminShutdown or CrashShutdown or CannotConnectNow;
}
