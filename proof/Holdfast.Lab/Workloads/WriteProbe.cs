using Holdfast.Cluster.Configuration;
using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>One real commit that leaves no trace in any table: it waits for standbys as any other does.</summary>
static class WriteProbe
{
    /// <returns>Null when it was committed, else why not.</returns>
    public static async Task<string?> TryAsync(int port, ClusterFile file, CancellationToken stop)
    {
        try
        {
            await using var connection = new NpgsqlConnection(Credentials.Of(file).ConnectionString("127.0.0.1", port));
            await connection.OpenAsync(stop);
            await using var commit = new NpgsqlCommand(
                "SELECT pg_logical_emit_message(true, 'lab', 'probe')", connection);
            _ = await commit.ExecuteNonQueryAsync(stop);
            return null;
        }
        catch (NpgsqlException failure)
        {
            return failure.Message;
        }
    }
}
