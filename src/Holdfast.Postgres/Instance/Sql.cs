using System.Net.Sockets;
using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>Steps over SQL on the local server: each with a limit, and with its failure in words.</summary>
sealed class Sql(InstanceSettings settings)
{
    /// <summary>Runs <paramref name="step"/> on a fresh local session: what that sees is the postmaster's own
    /// state.</summary>
    public async ValueTask<StepResult> StepAsync(
        string what,
        TimeSpan limit,
        Func<SqlSession, CancellationToken, Task<StepResult>> step,
        CancellationToken stop) =>
        await AttemptAsync(what, limit, async bounded =>
        {
            await using var session = await SqlSession.OpenLocalAsync(settings, bounded);
            return await step(session, bounded);
        }, stop);

    /// <summary>Waits until a local <paramref name="query"/> answers <paramref name="expected"/>, each time in a new
    /// session.</summary>
    public ValueTask<StepResult> UntilAsync(
        string what, TimeSpan limit, string query, string expected, CancellationToken stop) =>
        StepWhenAsync(what, limit, query, expected, (_, _) => Task.FromResult(StepResult.Done), stop);

    /// <summary>Runs <paramref name="step"/> in the first session in which <paramref name="query"/> answers
    /// <paramref name="expected"/>.</summary>
    public ValueTask<StepResult> StepWhenAsync(
        string what,
        TimeSpan limit,
        string query,
        string expected,
        Func<SqlSession, CancellationToken, Task<StepResult>> step,
        CancellationToken stop) =>
        AttemptAsync(what, limit, async bounded =>
        {
            while (true)
            {
                await using (var session = await SqlSession.OpenLocalAsync(settings, bounded))
                {
                    if (string.Equals(await session.ScalarAsync(query, bounded), expected, StringComparison.Ordinal))
                        return await step(session, bounded);
                }
                await Task.Delay(InstanceLimits.Poll, bounded);
            }
        }, stop);

    /// <summary>The same in one session, for what that session sees too; until <paramref name="bounded"/>.</summary>
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
}
