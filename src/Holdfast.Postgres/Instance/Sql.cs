using System.Net.Sockets;
using Holdfast.Foundation.Processes;
using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>Steps over SQL on the local server: each with a limit, and with its failure in words.</summary>
sealed class Sql(InstanceSettings settings, Func<ProcessIdentity?> postmaster) : IAsyncDisposable
{
    readonly KeptSessions _sessions = new(settings, postmaster);

    /// <summary>Runs <paramref name="step"/> in a session of an earlier one, or in a new one.</summary>
    public ValueTask<StepResult> StepAsync(
        string what,
        TimeSpan limit,
        Func<SqlSession, CancellationToken, Task<StepResult>> step,
        CancellationToken stop) =>
        AttemptAsync(
            what, limit, bounded => _sessions.UseAsync(session => step(session, bounded), bounded), stop);

    /// <summary>In a session that ends with the step: of one that is kept pg_stat_activity goes on showing the last
    /// statement, and that may be a secret.</summary>
    public ValueTask<StepResult> StepAloneAsync(
        string what,
        TimeSpan limit,
        Func<SqlSession, CancellationToken, Task<StepResult>> step,
        CancellationToken stop) =>
        AttemptAsync(what, limit, async bounded =>
        {
            await using var session = await SqlSession.OpenLocalAsync(settings, bounded);
            return await step(session, bounded);
        }, stop);

    /// <summary>After a reload: waits until <paramref name="query"/> answers <paramref name="expected"/>, in a session
    /// like that of <see cref="StepWhenAsync"/>.</summary>
    public ValueTask<StepResult> UntilAsync(
        string what, TimeSpan limit, string query, string expected, CancellationToken stop) =>
        StepWhenAsync(what, limit, query, expected, (_, _) => Task.FromResult(StepResult.Done), stop);

    /// <summary>After a reload: runs <paramref name="step"/> once <paramref name="query"/> answers
    /// <paramref name="expected"/>, in one session that was opened after the files were written.</summary>
    /// <remarks>What that session shows the postmaster has read: it was born with the postmaster's values, and reads
    /// the files itself only after a signal that the postmaster sends when it has read them (postmaster.c,
    /// process_pm_reload_request). A kept session proves nothing: a signal from before may still wait in it, as it
    /// reads the files just before its next command (postgres.c, PostgresMain), and then it shows what the postmaster
    /// and the checkpointer have not seen yet.</remarks>
    public ValueTask<StepResult> StepWhenAsync(
        string what,
        TimeSpan limit,
        string query,
        string expected,
        Func<SqlSession, CancellationToken, Task<StepResult>> step,
        CancellationToken stop) =>
        AttemptAsync(what, limit, bounded => _sessions.UseNewAsync(async session =>
        {
            await UntilAsync(session, query, expected, bounded);
            return await step(session, bounded);
        }, bounded), stop);

    /// <summary>Waits in a step's session, for what does not hang on a reload; until
    /// <paramref name="bounded"/>.</summary>
    public static async Task UntilAsync(SqlSession session, string query, string expected, CancellationToken bounded)
    {
        while (!string.Equals(await session.ScalarAsync(query, bounded), expected, StringComparison.Ordinal))
            await Task.Delay(InstanceLimits.Poll, bounded);
    }

    public static async ValueTask<StepResult> AttemptAsync(
        string what, TimeSpan limit, Func<CancellationToken, Task<StepResult>> step, CancellationToken stop)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(stop);
        bounded.CancelAfter(limit);
        try
        {
            return await step(bounded.Token);
        }
        catch (Exception failure) when (IsFailure(failure, stop))
        {
            return StepResult.Failed(failure is OperationCanceledException
                ? $"{what}: not done within {limit.TotalSeconds} s"
                : $"{what}: {failure.Message}");
        }
    }

    /// <summary>What a server, or the way to it, may answer; not our caller's own wish to stop.</summary>
    public static bool IsFailure(Exception failure, CancellationToken stop) => failure switch
    {
        OperationCanceledException => !stop.IsCancellationRequested,
        _ => failure is NpgsqlException or SocketException or IOException or TimeoutException
            or UnauthorizedAccessException or FormatException or InvalidOperationException,
    };

    public ValueTask DisposeAsync() => _sessions.DisposeAsync();
}
