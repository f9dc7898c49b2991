using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy;

static class Queries
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<object?> AskAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Stop);
    }

    /// <summary>Until the question is answered by true.</summary>
    public static async Task UntilAsync(NpgsqlConnection connection, string question)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(RawClient.Limit);
        while (await AskAsync(connection, question) is not true)
            limit.Token.ThrowIfCancellationRequested();
    }

    public static Task<(int Exit, string Output, string Error)> PsqlAsync(int port, string tls, string sql) =>
        PsqlAsync(port, tls, sql, "postgres", "postgres", "-XAt");

    public static async Task<(int Exit, string Output, string Error)> PsqlAsync(
        int port, string tls, string sql, string user, string database, string switches)
    {
        var start = new ProcessStartInfo("psql",
        [
            switches, "-d", $"host=127.0.0.1 port={port} user={user} dbname={database} sslmode={tls}", "-c", sql,
        ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["PGPASSWORD"] = RealPostgres.Password;
        using var psql = Process.Start(start)!;
        var (output, error) = (psql.StandardOutput.ReadToEndAsync(Stop), psql.StandardError.ReadToEndAsync(Stop));
        await psql.WaitForExitAsync(Stop);
        return (psql.ExitCode, await output, await error);
    }
}
