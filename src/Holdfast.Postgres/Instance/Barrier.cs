using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>Carries <see cref="BarrierCommit"/> out.</summary>
sealed class Barrier(Sql sql)
{
    public ValueTask<StepResult> PassAsync(TimeSpan limit, CancellationToken stop) =>
        sql.StepAsync("barrier", limit, async (session, bounded) =>
        {
            string? warning = null;
            void Noticed(object sender, NpgsqlNoticeEventArgs told)
            {
                if (told.Notice.Routine == BarrierCommit.WaitGivenUp)
                    warning = told.Notice.MessageText;
            }
            session.Connection.Notice += Noticed;
            try
            {
                await session.ExecuteAsync(BarrierCommit.Sql, bounded);
            }
            finally
            {
                session.Connection.Notice -= Noticed; // The session may live on.
            }
            return warning is null ? StepResult.Done : StepResult.Failed($"barrier: {warning}");
        }, stop);
}
