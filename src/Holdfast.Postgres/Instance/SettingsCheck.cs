using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>Asks PostgreSQL itself whether it could live with new settings, before they are in force: a parameter that
/// keeps a server from starting would wait unseen in every member's file for the next failover.</summary>
sealed class SettingsCheck(
    Sql sql,
    DataDirectory data,
    DurableFiles files,
    Programs programs,
    ServerConfiguration configuration)
{
    string CandidateFile => data.In("postgresql.check.conf");

    public async ValueTask<StepResult> ParametersAsync(DynamicSettings cluster, CancellationToken stop)
    {
        if (configuration.Candidate(cluster) is not { } text || !configuration.HasBase)
            return StepResult.Done;
        files.Write(CandidateFile, text);
        try
        {
            // Prints one setting, and reads and checks all of them for that.
            var result = await programs.RunAsync(
                "postgres",
                ["-D", data.Path, $"--config-file={CandidateFile}", "-C", "port"],
                new RunLimits(InstanceLimits.ControlData),
                stop);
            return result.Ok
                ? StepResult.Done
                : StepResult.Failed($"parameters refused, the former stay: {result.Why}");
        }
        finally
        {
            File.Delete(CandidateFile);
        }
    }

    /// <summary>What PostgreSQL finds wrong in the pg_hba.conf just written; null: nothing, or it can't be asked. With
    /// a mistake there the former rules stay in force, and no later start succeeds.</summary>
    public async ValueTask<string?> WrongAccessAsync(CancellationToken stop)
    {
        var wrong = new List<string>();
        await sql.StepAsync("pg_hba", InstanceLimits.Sql, async (session, bounded) =>
        {
            wrong = await session.ColumnAsync(
                "SELECT concat('line ', line_number, ': ', error) FROM pg_hba_file_rules WHERE error IS NOT NULL",
                bounded);
            return StepResult.Done;
        }, stop);
        return wrong.Count == 0 ? null : string.Join("; ", wrong);
    }
}
