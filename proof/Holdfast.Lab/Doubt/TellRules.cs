namespace Holdfast.Lab.Doubt;

/// <summary>What an answer says of a transaction: pure.</summary>
static class TellRules
{
    /// <summary>In place of a SQLSTATE: the connection ended without an answer.</summary>
    public const string Broken = "broken";

    /// <summary>SQLSTATEs that say: it may have been committed (PostgreSQL manual, appendix A).</summary>
    public const string Unknown = "08007", CompletionUnknown = "40003";

    /// <summary>To the statement that commits.</summary>
    public static Told AtEnd(WireAnswer answer) => answer switch
    {
        { IsWhole: false } => Told.InDoubt,
        // COMMIT of a transaction that has failed before succeeds by this.
        { Error: null, Tag: "ROLLBACK" } => Told.RolledBack,
        { Error: null } => Told.Committed,
        { Error.SqlState: Unknown or CompletionUnknown } => Told.InDoubt,
        // FATAL ends the session, and may have come after the commit.
        { Error.Severity: "ERROR" } => Told.RolledBack,
        _ => Told.InDoubt,
    };

    public static string? Code(WireAnswer answer) =>
        answer.IsSuccess ? null : answer.Error?.SqlState ?? Broken;
}
