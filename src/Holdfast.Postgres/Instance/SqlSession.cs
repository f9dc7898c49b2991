using System.Globalization;
using Npgsql;

namespace Holdfast.Postgres.Instance;

/// <summary>One connection of the agent to one server. Not thread-safe. Reflection-free: Npgsql's slim
/// builder.</summary>
sealed class SqlSession : IAsyncDisposable
{
    // The agent's own commits must not wait for standbys that are not there yet, nor be turned aside by a user's
    // settings.
    const string Options = "-c search_path=pg_catalog -c synchronous_commit=local -c statement_timeout=0"
        + " -c lock_timeout=0 -c default_transaction_read_only=off -c datestyle=ISO";

    readonly NpgsqlDataSource _source;

    SqlSession(NpgsqlDataSource source, NpgsqlConnection connection)
    {
        _source = source;
        Connection = connection;
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>To the server of these settings, over its unix socket.</summary>
    public static Task<SqlSession> OpenLocalAsync(InstanceSettings settings, CancellationToken stop) =>
        OpenAsync(
            settings.SocketDirectory,
            settings.Port,
            settings.Superuser,
            SslMode.Disable,
            InstanceLimits.ConnectLocal,
            stop);

    /// <summary>To another member, as superuser, over the network.</summary>
    public static Task<SqlSession> OpenSourceAsync(ServerAddress source, Credentials user, CancellationToken stop) =>
        OpenAsync(source.Host, source.Port, user, SslMode.Prefer, InstanceLimits.Connect, stop);

    static async Task<SqlSession> OpenAsync(
        string host, int port, Credentials user, SslMode ssl, TimeSpan connect, CancellationToken stop)
    {
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = host,
            Port = port,
            Username = user.User,
            Password = user.Password,
            Database = "postgres",
            ApplicationName = "holdfast",
            SslMode = ssl,
            Pooling = false,
            Options = Options,
            Timeout = (int)connect.TotalSeconds, // Also for the cancel request that a passed limit sends.
            CommandTimeout = 0, // Every caller has a limit of its own, by token.
            CancellationTimeout = -1, // Whoever does not answer will not answer a cancel either: no wait for that.
        };
        var builder = new NpgsqlSlimDataSourceBuilder(text.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (ssl != SslMode.Disable)
            builder.EnableTransportSecurity();
        var source = builder.Build();
        try
        {
            return new SqlSession(source, await source.OpenConnectionAsync(stop));
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    /// <summary>The first column of the first row as text; null for no row or NULL.</summary>
    public async Task<string?> ScalarAsync(string sql, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        await using var command = Command(sql, arguments);
        return await command.ExecuteScalarAsync(stop) switch
        {
            null or DBNull => null,
            bool value => value ? "t" : "f",
            var value => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
    }

    public Task<string?> ScalarAsync(string sql, CancellationToken stop) => ScalarAsync(sql, [], stop);

    public async Task ExecuteAsync(string sql, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        await using var command = Command(sql, arguments);
        await command.ExecuteNonQueryAsync(stop);
    }

    public Task ExecuteAsync(string sql, CancellationToken stop) => ExecuteAsync(sql, [], stop);

    /// <summary>The first column of every row.</summary>
    public async Task<List<string>> ColumnAsync(string sql, CancellationToken stop)
    {
        await using var command = Command(sql, []);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var values = new List<string>();
        while (await reader.ReadAsync(stop))
            values.Add(reader.GetString(0));
        return values;
    }

    NpgsqlCommand Command(string sql, IReadOnlyList<string> arguments)
    {
        var command = new NpgsqlCommand(sql, Connection);
        foreach (var argument in arguments)
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = argument });
        return command;
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _source.DisposeAsync();
    }
}
