using System.Data;
using Npgsql;

namespace Bingo.Data;

/// <summary>A list on its way: its connection, and a reader that stands on the first row. One row at a time is in
/// memory. Whoever opened it disposes it.</summary>
sealed class ListCursor : IAsyncDisposable
{
    readonly NpgsqlConnection _connection;
    readonly NpgsqlCommand _command;

    ListCursor(NpgsqlConnection connection, NpgsqlCommand command, NpgsqlDataReader reader, bool hasRow) =>
        (_connection, _command, Reader, HasRow) = (connection, command, reader, hasRow);

    public NpgsqlDataReader Reader { get; }

    public bool HasRow { get; private set; }

    /// <summary>Takes over the connection, also when it fails.</summary>
    public static async Task<ListCursor> OpenAsync(string query, NpgsqlConnection connection, CancellationToken stop)
    {
        var command = new NpgsqlCommand(query, connection)
        {
            CommandTimeout = (int)DataLimits.ListQuery.TotalSeconds,
        };
        NpgsqlDataReader? reader = null;
        try
        {
            reader = await command.ExecuteReaderAsync(CommandBehavior.SingleResult, stop);
            return new ListCursor(connection, command, reader, await reader.ReadAsync(stop));
        }
        catch
        {
            if (reader is not null)
                await reader.DisposeAsync();
            await command.DisposeAsync();
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask MoveAsync(CancellationToken stop) => HasRow = await Reader.ReadAsync(stop);

    public async ValueTask DisposeAsync()
    {
        // Rows that nobody wants any more are not worth reading.
        if (HasRow)
            _command.Cancel();
        try
        {
            await Reader.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The end of a query that was stopped, or of its connection: its reader has been told already.
        }
        await _command.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
