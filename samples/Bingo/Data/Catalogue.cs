using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace Bingo.Data;

/// <summary>Films, customers and sessions by id, and the changes to sessions.</summary>
sealed class Catalogue(Database database)
{
    public Task<Movie?> MovieAsync(int id, CancellationToken stop) => FindAsync(Queries.Movie, id, Rows.Movie, stop);

    public Task<Customer?> CustomerAsync(int id, CancellationToken stop) =>
        FindAsync(Queries.Customer, id, Rows.Customer, stop);

    public Task<Session?> SessionAsync(int id, CancellationToken stop) =>
        FindAsync(Queries.Session, id, Rows.Session, stop);

    /// <summary>One trivial query at the primary.</summary>
    public Task<int> DummyAsync(CancellationToken stop) => database.ReadPrimaryAsync(async (connection, limit) =>
    {
        await using var command = Command(connection, Queries.Dummy);
        return (int)(await command.ExecuteScalarAsync(limit))!;
    }, stop);

    /// <param name="customerId">Who watches.</param>
    /// <param name="movieId">What.</param>
    /// <param name="startTime">UTC; null: now, by the database's clock.</param>
    /// <param name="stop">Ends it as long as nothing is committed.</param>
    /// <returns>Null when there is no such customer or film.</returns>
    public async Task<Session?> AddSessionAsync(
        int customerId, int movieId, DateTime? startTime, CancellationToken stop)
    {
        var start = new NpgsqlParameter
        {
            NpgsqlDbType = NpgsqlDbType.TimestampTz,
            Value = (object?)startTime ?? DBNull.Value,
        };
        return await database.WriteAsync(async (connection, limit) =>
        {
            await using var command = Command(connection, Queries.AddSession);
            command.Parameters.Add(start.Clone());
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = customerId });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = movieId });
            return await OneAsync(command, Rows.Session, limit);
        }, stop);
    }

    /// <returns>False when there is no such session.</returns>
    public Task<bool> DeleteSessionAsync(int id, CancellationToken stop) =>
        database.WriteAsync(async (connection, limit) =>
        {
            await using var command = Command(connection, Queries.DeleteSession);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
            return await command.ExecuteNonQueryAsync(limit) == 1;
        }, stop);

    async Task<T?> FindAsync<T>(string query, int id, Func<NpgsqlDataReader, T> row, CancellationToken stop)
        where T : class
    {
        var found = await database.ReadAsync(Ask, stop);
        // A replica may not have yet what the primary has acknowledged.
        return found is null && database.HasReplica ? await database.ReadPrimaryAsync(Ask, stop) : found;

        async Task<T?> Ask(NpgsqlConnection connection, CancellationToken limit)
        {
            await using var command = Command(connection, query);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
            return await OneAsync(command, row, limit);
        }
    }

    static NpgsqlCommand Command(NpgsqlConnection connection, string query) =>
        new(query, connection) { CommandTimeout = (int)DataLimits.ShortQuery.TotalSeconds };

    static async Task<T?> OneAsync<T>(NpgsqlCommand command, Func<NpgsqlDataReader, T> row, CancellationToken stop)
        where T : class
    {
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, stop);
        var found = await reader.ReadAsync(stop) ? row(reader) : null;
        // To the end: what fails after the row fails here.
        while (await reader.ReadAsync(stop))
        {
        }
        return found;
    }
}
