using System.Collections.Immutable;
using Bingo.Configuration;
using Bingo.Logging;
using Npgsql;

namespace Bingo.Data;

/// <summary>
/// Both sides of PostgreSQL, and how often which is tried. Whatever is given to it may be called up to
/// <see cref="DataLimits.TriesMax"/> times. Every method throws <see cref="DatabaseAwayException"/> when no try
/// succeeds. Safe from every thread.
/// </summary>
sealed class Database : IAsyncDisposable
{
    readonly TimeProvider _clock;
    readonly Journal _journal;
    readonly ImmutableArray<PostgresServer> _toRead, _toWrite;
    readonly PostgresServer _primary;
    readonly PostgresServer? _replica;
    volatile bool _isReplicaAway;

    public Database(PostgresSettings settings, Journal journal, TimeProvider clock)
    {
        (_journal, _clock) = (journal, clock);
        var limits = new PoolLimits(settings.Pool, DataLimits.ConnectPrimary, DataLimits.Commit);
        _primary = new PostgresServer(Role.Primary, settings, limits, clock);
        if (settings.Replica is not null)
        {
            var impatient = limits with { Connect = DataLimits.ConnectReplica };
            _replica = new PostgresServer(Role.Replica, settings, impatient, clock);
        }
        _toWrite = [_primary, _primary, _primary];
        _toRead = _replica is null ? _toWrite : [_replica, _replica, _primary];
    }

    public delegate Task<T> Work<T>(NpgsqlConnection connection, CancellationToken stop);

    public bool HasReplica => _replica is not null;

    // Nobody has to find out for himself what the watch knows.
    ImmutableArray<PostgresServer> ToRead => _isReplicaAway ? _toWrite : _toRead;

    /// <summary>Asks the replica, and after two failures the primary; the primary at once while the replica is known to
    /// be away.</summary>
    public Task<T> ReadAsync<T>(Work<T> work, CancellationToken stop) =>
        TryAsync(ToRead, DataLimits.ShortTry, DataLimits.ShortQuery, WithConnection(work), stop);

    public Task<T> ReadPrimaryAsync<T>(Work<T> work, CancellationToken stop) =>
        TryAsync(_toWrite, DataLimits.ShortTry, DataLimits.ShortQuery, WithConnection(work), stop);

    /// <summary>As <see cref="ReadAsync"/> for a query that takes long. What <paramref name="open"/> returns owns the
    /// connection; if it throws, it has disposed it.</summary>
    public Task<T> OpenAsync<T>(Work<T> open, CancellationToken stop) =>
        TryAsync(ToRead, DataLimits.ListQuery, DataLimits.ListQuery, async (server, limit) =>
            await open(await server.OpenAsync(limit), limit), stop);

    /// <summary>In a transaction at the primary. Nothing lasts before its commit, so it is tried again as a read is;
    /// a commit is sent once.</summary>
    /// <exception cref="OutcomeUnknownException">Nobody knows whether it was committed.</exception>
    public async Task<T> WriteAsync<T>(Work<T> work, CancellationToken stop)
    {
        var change = await TryAsync(_toWrite, DataLimits.ShortQuery, DataLimits.ShortQuery, async (server, left) =>
            await BeginAsync(await server.OpenAsync(left), work, left), stop);
        try
        {
            // A client that leaves now does not stop it; only its time limit does.
            return await TimeLimit.RunAsync(async left =>
            {
                await using (change)
                    return await change.CommitAsync(left);
            }, DataLimits.Commit, _clock, CancellationToken.None);
        }
        catch (Exception failure)
        {
            throw new OutcomeUnknownException(failure);
        }
    }

    /// <summary>Told by the watch at each change. The connections of a side that went away are worth nothing.</summary>
    public void Tell(Role role, bool isAway)
    {
        if (role is Role.Replica)
            _isReplicaAway = isAway;
        if (isAway)
            (role is Role.Primary ? _primary : _replica)?.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _primary.DisposeAsync();
        if (_replica is not null)
            await _replica.DisposeAsync();
    }

    delegate Task<T> Attempt<T>(PostgresServer server, CancellationToken stop);

    static Attempt<T> WithConnection<T>(Work<T> work) => async (server, stop) =>
    {
        await using var connection = await server.OpenAsync(stop);
        return await work(connection, stop);
    };

    static async Task<PendingChange<T>> BeginAsync<T>(
        NpgsqlConnection connection, Work<T> work, CancellationToken stop)
    {
        NpgsqlTransaction? transaction = null;
        try
        {
            transaction = await connection.BeginTransactionAsync(stop);
            return new PendingChange<T>(connection, transaction, await work(connection, stop));
        }
        catch
        {
            if (transaction is not null)
                await transaction.DisposeAsync();
            await connection.DisposeAsync();
            throw;
        }
    }

    async Task<T> TryAsync<T>(
        ImmutableArray<PostgresServer> route,
        TimeSpan tryLimit,
        TimeSpan lastLimit,
        Attempt<T> attempt,
        CancellationToken stop)
    {
        var started = _clock.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var server = route[tries - 1];
            var isLast = tries == route.Length;
            var (result, failure) = await OnceAsync(server, isLast ? lastLimit : tryLimit, attempt, stop);
            if (failure is null)
                return result!;
            var again = Failures.MayTryAgain(failure);
            if (again)
                server.Clear();
            var reason = Failures.Reason(failure) ?? failure.Message;
            if (isLast || !again || _clock.GetElapsedTime(started) >= DataLimits.TryWithin)
                throw new DatabaseAwayException($"{server}: {reason}", failure);
            _journal.Note("database_retry", $"try {tries} at {server} failed: {reason}");
            await Task.Delay(DataLimits.Pause * tries, _clock, stop);
        }
    }

    /// <returns>A failure that is the database's; any other one is thrown.</returns>
    async Task<(T? Result, Exception? Failure)> OnceAsync<T>(
        PostgresServer server, TimeSpan timeLimit, Attempt<T> attempt, CancellationToken stop)
    {
        try
        {
            return (await TimeLimit.RunAsync(left => attempt(server, left), timeLimit, _clock, stop), null);
        }
        catch (Exception failure) when (!stop.IsCancellationRequested && Failures.Reason(failure) is not null)
        {
            return (default, failure);
        }
    }
}
