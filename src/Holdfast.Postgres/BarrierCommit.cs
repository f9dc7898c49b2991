using Holdfast.Postgres.Wire;

namespace Holdfast.Postgres;

/// <summary>A commit of our own under the synchronous rule in force: once it is acknowledged without a warning, so is
/// all that stands before it in the log.</summary>
public static class BarrierCommit
{
    /// <summary>The routine that a warning comes from when a wait for standbys ended early: PostgreSQL commits all the
    /// same, and says that it succeeded (syncrep.c).</summary>
    public const string WaitGivenUp = "SyncRepWaitForLSN";

    /// <summary>Several statements; not within a transaction. Waits for the standbys, or warns, whatever its session
    /// has set.</summary>
    public const string Sql =
        "BEGIN READ WRITE; SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') "
        + "IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, true), "
        + "set_config('client_min_messages', 'warning', true), "
        + "pg_logical_emit_message(true, 'holdfast', 'barrier'); COMMIT";

    /// <param name="notice">The body of a NoticeResponse.</param>
    /// <returns>True: what committed is on the primary alone, as far as anybody knows.</returns>
    public static bool TellsWaitGivenUp(ReadOnlySpan<byte> notice) =>
        ErrorResponse.Has(notice, 'R', "SyncRepWaitForLSN"u8);
}
