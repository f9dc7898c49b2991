using Holdfast.Foundation.Processes;

namespace Holdfast.Postgres.Instance;

/// <summary>Local sessions that one step leaves to the next: a new one is a new process of PostgreSQL's, which costs
/// more than most steps. Safe from several tasks at once.</summary>
/// <param name="settings">Of the server.</param>
/// <param name="postmaster">Who serves now; the sessions of a former one are thrown away.</param>
sealed class KeptSessions(InstanceSettings settings, Func<ProcessIdentity?> postmaster) : IAsyncDisposable
{
    // Shows that the session lives and is outside a transaction, and ends what a step may have left in it.
    const string Clear = "DISCARD ALL";

    sealed record Kept(SqlSession Session, ProcessIdentity Server, TimeSpan Since);

    readonly Lock _gate = new();
    readonly List<Kept> _kept = [];
    bool _disposed;

    /// <summary>Runs <paramref name="step"/> in a kept session, or in a new one where none is left. One whose step
    /// threw is not kept: nobody knows what it still does.</summary>
    public async Task<StepResult> UseAsync(Func<SqlSession, Task<StepResult>> step, CancellationToken stop)
    {
        var server = postmaster();
        await CloseAsync(server, InstanceLimits.KeptSessionsMax);
        var session = await TakeAsync(server, stop) ?? await SqlSession.OpenLocalAsync(settings, stop);
        return await UseAsync(session, server, step);
    }

    /// <summary>Runs <paramref name="step"/> in a new session, which is kept. It takes the place of another: on a
    /// server full of clients those that are left for superusers are few.</summary>
    public async Task<StepResult> UseNewAsync(Func<SqlSession, Task<StepResult>> step, CancellationToken stop)
    {
        var server = postmaster();
        await CloseAsync(server, InstanceLimits.KeptSessionsMax - 1);
        return await UseAsync(await SqlSession.OpenLocalAsync(settings, stop), server, step);
    }

    async Task<StepResult> UseAsync(
        SqlSession session, ProcessIdentity? server, Func<SqlSession, Task<StepResult>> step)
    {
        var isKept = false;
        try
        {
            var result = await step(session);
            isKept = TryKeep(session, server);
            return result;
        }
        finally
        {
            if (!isKept)
                await session.DisposeAsync();
        }
    }

    async Task<SqlSession?> TakeAsync(ProcessIdentity? server, CancellationToken stop)
    {
        while (TakeLatest(server) is { } session)
        {
            try
            {
                await session.ExecuteAsync(Clear, stop);
                return session;
            }
            catch (Exception failure) when (Sql.IsFailure(failure, stop))
            {
                await session.DisposeAsync(); // Somebody ended it; the server itself may be well.
            }
            catch
            {
                await session.DisposeAsync();
                throw;
            }
        }
        return null;
    }

    SqlSession? TakeLatest(ProcessIdentity? server)
    {
        lock (_gate)
        {
            var latest = _kept.FindLast(kept => kept.Server == server);
            if (latest is not null)
                _kept.Remove(latest);
            return latest?.Session;
        }
    }

    /// <param name="session">One without a step.</param>
    /// <param name="server">Seen before the session was opened or taken: a later server is never taken for it.</param>
    bool TryKeep(SqlSession session, ProcessIdentity? server)
    {
        lock (_gate)
        {
            if (_disposed || server is not { } known || _kept.Count >= InstanceLimits.KeptSessionsMax)
                return false;
            _kept.Add(new Kept(session, known, BootClock.Now));
            return true;
        }
    }

    /// <summary>Closes those of another server, those long unused, and the oldest of more than
    /// <paramref name="count"/>.</summary>
    async ValueTask CloseAsync(ProcessIdentity? server, int count)
    {
        List<Kept> closed;
        lock (_gate)
        {
            var since = BootClock.Now - InstanceLimits.KeptSession;
            closed = _kept.FindAll(kept => kept.Server != server || kept.Since < since);
            _kept.RemoveAll(closed.Contains);
            var surplus = Math.Max(0, _kept.Count - count);
            closed.AddRange(_kept[..surplus]);
            _kept.RemoveRange(0, surplus);
        }
        foreach (var kept in closed)
            await kept.Session.DisposeAsync();
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
            _disposed = true;
        return CloseAsync(server: null, count: 0);
    }
}
