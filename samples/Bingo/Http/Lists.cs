using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bingo.Data;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Bingo.Http;

/// <summary>
/// The three lists, row by row from the database to the client: memory is the same for ten rows and for a million. A
/// client that reads slowly slows the database's cursor, up to a limit. If it breaks halfway, so does the answer: the
/// connection ends without the last chunk.
/// </summary>
sealed class Lists(Database database, TimeProvider clock) : IDisposable
{
    readonly SemaphoreSlim _turns = new(DataLimits.ListsMax);

    public Task MoviesAsync(HttpContext context) =>
        SendAsync(context, Queries.Movies, Rows.Movie, BingoJson.Default.Movie);

    public Task CustomersAsync(HttpContext context) =>
        SendAsync(context, Queries.Customers, Rows.Customer, BingoJson.Default.Customer);

    public Task SessionsAsync(HttpContext context) =>
        SendAsync(context, Queries.Sessions, Rows.Session, BingoJson.Default.Session);

    public void Dispose() => _turns.Dispose();

    async Task SendAsync<T>(HttpContext context, string query, Func<NpgsqlDataReader, T> row, JsonTypeInfo<T> type)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = Answers.Json;
            return;
        }
        if (!await _turns.WaitAsync(DataLimits.ListTurn, context.RequestAborted))
        {
            await Answers.ProblemAsync(context, 503, $"{DataLimits.ListsMax} lists are being sent already");
            return;
        }
        try
        {
            using var limit = new CancellationTokenSource(DataLimits.ListTotal, clock);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, limit.Token);
            // Until the first row is there nothing is sent, so that a failure can still be told.
            await using var cursor = await database.OpenAsync(
                (connection, token) => ListCursor.OpenAsync(query, connection, token), stop.Token);
            context.Response.ContentType = Answers.Json;
            await WriteAsync(context, cursor, row, type, stop.Token);
        }
        finally
        {
            _turns.Release();
        }
    }

    static async Task WriteAsync<T>(
        HttpContext context,
        ListCursor cursor,
        Func<NpgsqlDataReader, T> row,
        JsonTypeInfo<T> type,
        CancellationToken stop)
    {
        var body = context.Response.BodyWriter;
        await using var json = new Utf8JsonWriter(body, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartArray();
        var sentBytes = 0L;
        for (; cursor.HasRow; await cursor.MoveAsync(stop))
        {
            JsonSerializer.Serialize(json, row(cursor.Reader), type);
            if (json.BytesCommitted + json.BytesPending - sentBytes < HttpLimits.ChunkBytes)
                continue;
            await json.FlushAsync(stop);
            sentBytes = json.BytesCommitted;
            await body.FlushAsync(stop);
        }
        json.WriteEndArray();
        await json.FlushAsync(stop);
        await body.FlushAsync(stop);
    }
}
