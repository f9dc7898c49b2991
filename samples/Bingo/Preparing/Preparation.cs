using Bingo.Configuration;
using Bingo.Data;
using Npgsql;
using NpgsqlTypes;

namespace Bingo.Preparing;

/// <summary>
/// Everything in one transaction with a marker at its end: whatever interrupts it leaves nothing, and the next one
/// begins anew. Two at the same time come one after the other.
/// </summary>
sealed class Preparation(PostgresSettings settings, Amounts amounts, Progress progress, TimeProvider clock)
{
    const int RowsPerStep = 5000;

    static readonly TimeSpan s_statementLimit = TimeSpan.FromMinutes(10), s_pause = TimeSpan.FromMilliseconds(250);

    /// <param name="wait">For a database that is away.</param>
    /// <param name="tell">Takes a sentence on what it waits for, once per reason.</param>
    /// <returns>A sentence on what was done.</returns>
    /// <exception cref="PreparationException">The database did not come, or has tables of somebody else.</exception>
    /// <exception cref="NpgsqlException">It failed on the way; nothing was kept.</exception>
    public async Task<string> RunAsync(TimeSpan wait, Func<string, Task> tell)
    {
        var limits = new PoolLimits(1, DataLimits.ConnectPrimary, s_statementLimit);
        await using var server = new PostgresServer(Role.Primary, settings, limits, clock);
        await using var connection = await ConnectAsync(server, wait, tell);
        var started = clock.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync();
        await ExecuteAsync(connection, Schema.Lock);
        if (await FoundAsync(connection) is { } found)
        {
            return found == amounts
                ? $"the database is prepared already: {found}; nothing to do"
                : $"the database is prepared already, with other amounts: {found}; nothing was changed "
                    + $"(asked for {amounts}; to begin anew, drop the tables bingo_prepared, session, customer, movie)";
        }
        try
        {
            await ExecuteAsync(connection, Schema.Tables);
        }
        catch (PostgresException taken) when (taken.SqlState is PostgresErrorCodes.DuplicateTable)
        {
            throw new PreparationException(
                $"{taken.MessageText} in database {settings.Database}, and no mark of an earlier prepare_db: it is "
                + "somebody else's. Name another database, or drop it.", taken);
        }
        await FillAsync(connection);
        for (var i = 0; i < Schema.AfterRows.Length; i++)
        {
            progress.After(i * 100 / Schema.AfterRows.Length, Schema.AfterRows[i].What);
            await ExecuteAsync(connection, Schema.AfterRows[i].Sql);
        }
        await MarkAsync(connection);
        await transaction.CommitAsync();
        progress.After(100, "done");
        return $"prepared {amounts} in {clock.GetElapsedTime(started).TotalSeconds:0.0} s";
    }

    async Task<NpgsqlConnection> ConnectAsync(
        PostgresServer server, TimeSpan wait, Func<string, Task> tell)
    {
        var started = clock.GetTimestamp();
        for (string? told = null; ;)
        {
            try
            {
                return await server.OpenAsync(CancellationToken.None);
            }
            catch (Exception failure) when (Failures.Reason(failure) is not null)
            {
                var reason = Failures.Reason(failure)!;
                if (clock.GetElapsedTime(started) >= wait)
                {
                    throw new PreparationException(
                        $"no database at {settings.Primary} within {wait.TotalSeconds:0.###} s: {reason}. See that it "
                        + "runs, and that 'postgres' of the configuration names it.", failure);
                }
                if (told != reason)
                    await tell($"waiting for the database at {settings.Primary}: {reason}");
                told = reason;
            }
            await Task.Delay(s_pause, clock);
        }
    }

    static async Task<Amounts?> FoundAsync(NpgsqlConnection connection)
    {
        await using var asks = new NpgsqlCommand(Schema.HasMarker, connection);
        if (await asks.ExecuteScalarAsync() is not true)
            return null;
        await using var marker = new NpgsqlCommand(Schema.Marker, connection);
        await using var row = await marker.ExecuteReaderAsync();
        return await row.ReadAsync() ? new Amounts(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)) : null;
    }

    async Task FillAsync(NpgsqlConnection connection)
    {
        await CopyAsync(connection, Schema.CopyMovies, amounts.Movies, "movies", async (row, id) =>
        {
            var movie = SampleData.Movie(id);
            await row.WriteAsync(movie.Id, NpgsqlDbType.Integer);
            await row.WriteAsync(movie.Name, NpgsqlDbType.Text);
            await row.WriteAsync(movie.Year, NpgsqlDbType.Integer);
            await row.WriteAsync(movie.Duration, NpgsqlDbType.Integer);
        });
        await CopyAsync(connection, Schema.CopyCustomers, amounts.Customers, "customers", async (row, id) =>
        {
            var customer = SampleData.Customer(id);
            await row.WriteAsync(customer.Id, NpgsqlDbType.Integer);
            await row.WriteAsync(customer.Name, NpgsqlDbType.Text);
            await row.WriteAsync(customer.Surname, NpgsqlDbType.Text);
            await row.WriteAsync(customer.Birthday, NpgsqlDbType.Date);
            await row.WriteAsync(customer.Email, NpgsqlDbType.Text);
        });
        await CopyAsync(connection, Schema.CopySessions, amounts.Sessions, "sessions", async (row, id) =>
        {
            var (start, customer, movie) = SampleData.Session(id, amounts);
            await row.WriteAsync(id, NpgsqlDbType.Integer);
            await row.WriteAsync(start, NpgsqlDbType.TimestampTz);
            await row.WriteAsync(customer, NpgsqlDbType.Integer);
            await row.WriteAsync(movie, NpgsqlDbType.Integer);
        });
    }

    async Task CopyAsync(
        NpgsqlConnection connection,
        string copy,
        int rows,
        string what,
        Func<NpgsqlBinaryImporter, int, ValueTask> write)
    {
        await using var import = await connection.BeginBinaryImportAsync(copy);
        import.Timeout = s_statementLimit;
        for (var id = 1; id <= rows; id++)
        {
            await import.StartRowAsync();
            await write(import, id);
            if (id % RowsPerStep == 0)
                progress.Rows(RowsPerStep, what);
        }
        await import.CompleteAsync();
        progress.Rows(rows % RowsPerStep, what);
    }

    async Task MarkAsync(NpgsqlConnection connection)
    {
        await ExecuteAsync(connection, Schema.Mark);
        await using var mark = new NpgsqlCommand(Schema.MarkRow, connection);
        foreach (var rows in new[] { amounts.Movies, amounts.Customers, amounts.Sessions })
            mark.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rows });
        await mark.ExecuteNonQueryAsync();
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
