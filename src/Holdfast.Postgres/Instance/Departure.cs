namespace Holdfast.Postgres.Instance;

/// <summary>What a primary does before a planned stop, while it still serves.</summary>
sealed class Departure(Sql sql)
{
    // Our own sessions come over the unix socket under this name. A session that does not track its activity can't be
    // waited for.
    const string Busy = """
        SELECT count(*)::int4 FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND state NOT IN ('idle', 'disabled')
          AND NOT (pid = pg_backend_pid() OR (application_name = 'holdfast' AND client_addr IS NULL))
        """;

    public ValueTask<StepResult> CheckpointAsync(CancellationToken stop) =>
        sql.StepAsync("checkpoint", InstanceLimits.Checkpoint, async (session, bounded) =>
        {
            await session.ExecuteAsync("CHECKPOINT", bounded);
            return StepResult.Done;
        }, stop);

    public ValueTask<StepResult> FreshSegmentAsync(CancellationToken stop) =>
        sql.StepAsync("fresh segment", InstanceLimits.FreshSegment, async (session, bounded) =>
        {
            // Where the segment begins; its first record would stand behind the header, where nobody comes as long as
            // nothing is written.
            var begin = await session.ScalarAsync(
                "SELECT pg_current_wal_flush_lsn()::text FROM pg_switch_wal()", bounded) ?? "";
            var behind = $"SELECT FROM pg_stat_replication WHERE state = 'streaming' AND flush_lsn < '{begin}'";
            await Sql.UntilAsync(session, $"SELECT NOT EXISTS ({behind})", "t", bounded);
            return StepResult.Done;
        }, stop);

    /// <summary>A statement that was on its way at the first look runs at the second.</summary>
    public ValueTask<StepResult> QuietAsync(TimeSpan apart, TimeSpan limit, CancellationToken stop) =>
        sql.StepAsync("quiet", limit, async (session, bounded) =>
        {
            for (var seen = 0; ; await Task.Delay(apart, bounded))
            {
                seen = await session.ScalarAsync(Busy, bounded) == "0" ? seen + 1 : 0;
                if (seen == 2)
                    return StepResult.Done;
            }
        }, stop);
}
