using System.Collections.Immutable;
using Bingo.Configuration;
using Bingo.Logging;
using Npgsql;

namespace Bingo.Data;

/// <summary>
/// Looks several times a second whether PostgreSQL is there, over connections of its own, and says so once per change.
/// Healthy is who reaches one side at least: while a new primary is being found, reads go on.
/// </summary>
sealed class DatabaseWatch : IAsyncDisposable
{
    readonly Database _database;
    readonly Journal _journal;
    readonly TimeProvider _clock;
    readonly ImmutableArray<PostgresServer> _servers;
    readonly string?[] _troubles;
    readonly bool[] _isKnown;
    readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile string? _trouble = "not looked yet";

    public DatabaseWatch(PostgresSettings settings, Database database, Journal journal, TimeProvider clock)
    {
        (_database, _journal, _clock) = (database, journal, clock);
        Role[] roles = database.HasReplica ? [Role.Primary, Role.Replica] : [Role.Primary];
        var limits = new PoolLimits(DataLimits.LookConnectionsMax, DataLimits.ConnectLook, DataLimits.ConnectLook);
        _servers = [.. roles.Select(role => new PostgresServer(role, settings, limits, clock))];
        _troubles = new string?[roles.Length];
        _isKnown = new bool[roles.Length];
    }

    /// <summary>Why the database can't be had, as of less than a second ago; null when it can. Waits for the first
    /// look only.</summary>
    public async ValueTask<string?> TroubleAsync(CancellationToken stop)
    {
        if (!_first.Task.IsCompleted)
            await _first.Task.WaitAsync(stop);
        return _trouble;
    }

    /// <summary>Until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var found = await Task.WhenAll(_servers.Select(server => LookAsync(server, stop)));
                for (var i = 0; i < found.Length; i++)
                    Tell(i, found[i]);
                _trouble = found.Contains(null) ? null : _troubles[0];
                _first.TrySetResult();
                await Task.Delay(DataLimits.LookPause, _clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The service ends.
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    void Tell(int index, string? trouble)
    {
        var (server, before) = (_servers[index], _troubles[index]);
        var (wasKnown, changed) = (_isKnown[index], before is null != trouble is null);
        (_troubles[index], _isKnown[index]) = (trouble is null ? null : $"{server}: {trouble}", true);
        if (wasKnown && !changed)
            return;
        _database.Tell(server.Role, isAway: trouble is not null);
        if (trouble is null)
        {
            _journal.Info("database_there", $"{server} {(wasKnown ? "is back" : "answers")}");
            return;
        }
        _journal.Warn("database_away", $"{server} is away: {trouble}; waiting for it");
    }

    /// <returns>What is wrong, or null.</returns>
    async Task<string?> LookAsync(PostgresServer server, CancellationToken stop)
    {
        try
        {
            return await TimeLimit.RunAsync(left => AskAsync(server, left), DataLimits.Look, _clock, stop);
        }
        catch (TimeoutException)
        {
            server.Clear();
            return $"no answer within {DataLimits.Look.TotalMilliseconds} ms";
        }
    }

    // A session that was cut says nothing about the server: the second time the connection is a new one.
    static async Task<string?> AskAsync(PostgresServer server, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await using var connection = await server.OpenAsync(stop);
                await using var command = new NpgsqlCommand("SELECT 1", connection);
                await command.ExecuteScalarAsync(stop);
                return null;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                server.Clear();
                if (tries > 1 || !Failures.MayTryAgain(failure))
                    return Failures.Reason(failure) ?? failure.Message;
            }
        }
    }
}
