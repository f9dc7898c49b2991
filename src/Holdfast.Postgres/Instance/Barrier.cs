using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>A commit of our own under the synchronous rule in force: once it is acknowledged, so is all that stands
/// before it in the log.</summary>
sealed class Barrier(Sql sql)
{
    /// <summary>Where a wait for standbys ends early, PostgreSQL commits all the same and says so in a warning from
    /// there (syncrep.c).</summary>
    const string WaitGivenUp = "SyncRepWaitForLSN";

    const string Rules = """
        SELECT set_config('synchronous_commit', 'on', false), set_config('client_min_messages', 'warning', false)
        """;

    public ValueTask<StepResult> PassAsync(TimeSpan limit, CancellationToken stop) =>
        sql.StepAsync("barrier", limit, async (session, bounded) =>
        {
            string? warning = null;
            void Noticed(object sender, NpgsqlNoticeEventArgs told)
            {
                if (told.Notice.Routine == WaitGivenUp)
                    warning = told.Notice.MessageText;
            }
            session.Connection.Notice += Noticed;
            await session.ExecuteAsync(Rules, bounded);
            await session.ExecuteAsync("SELECT pg_logical_emit_message(true, 'holdfast', 'barrier')", bounded);
            return warning is null ? StepResult.Done : StepResult.Failed($"barrier: {warning}");
        }, stop);
}
