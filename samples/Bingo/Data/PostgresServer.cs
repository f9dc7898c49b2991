using Bingo.Configuration;
using Npgsql;

namespace Bingo.Data;

/// <param name="ConnectionsMax">At one time.</param>
/// <param name="Connect">For one connection; whole seconds.</param>
/// <param name="Statement">Of what has no limit of its own; whole seconds.</param>
sealed record PoolLimits(int ConnectionsMax, TimeSpan Connect, TimeSpan Statement);

/// <summary>A pool of connections to one of the two sides. Safe from every thread.</summary>
sealed class PostgresServer : IAsyncDisposable
{
    readonly NpgsqlDataSource _pool;
    readonly TimeProvider _clock;
    long _clearedAt;

    /// <param name="role">Which side.</param>
    /// <param name="settings">Where it is.</param>
    /// <param name="limits">Of this pool.</param>
    /// <param name="clock">Of the pause between clears.</param>
    public PostgresServer(Role role, PostgresSettings settings, PoolLimits limits, TimeProvider clock)
    {
        (Role, _clock) = (role, clock);
        Address = role is Role.Replica && settings.Replica is { } replica ? replica : settings.Primary;
        var conninfo = new NpgsqlConnectionStringBuilder
        {
            Host = Address.Host,
            Port = Address.Port,
            Database = settings.Database,
            Username = settings.User,
            Password = settings.Password,
            ApplicationName = "bingo",
            MaxPoolSize = limits.ConnectionsMax,
            Timeout = (int)limits.Connect.TotalSeconds,
            CommandTimeout = (int)limits.Statement.TotalSeconds,
            // Who is asked to stop and does not answer is left: its connection is not worth a wait.
            CancellationTimeout = -1,
            MaxAutoPrepare = 16,
            AutoPrepareMinUsages = 2,
            // The proxy is on the same host; and a question whether there is TLS can't be cut short.
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        var builder = new NpgsqlSlimDataSourceBuilder(conninfo.ConnectionString);
        // Plain types only: the first connection need not read the catalogue of all of them.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        _pool = builder.Build();
    }

    public Role Role { get; }
    public ServerAddress Address { get; }

    /// <summary>The caller disposes it.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken stop) => _pool.OpenConnectionAsync(stop);

    /// <summary>Drops the connections that were made before, also those in use once they come back.</summary>
    public void Clear()
    {
        var last = Interlocked.Read(ref _clearedAt);
        if (last != 0 && _clock.GetElapsedTime(last) < DataLimits.BetweenClears)
            return;
        if (Interlocked.CompareExchange(ref _clearedAt, _clock.GetTimestamp(), last) == last)
            _pool.Clear();
    }

    public override string ToString() => $"the {(Role is Role.Primary ? "primary" : "replica")} at {Address}";

    public ValueTask DisposeAsync() => _pool.DisposeAsync();
}
