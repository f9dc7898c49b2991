using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Bingo.Data;
using Bingo.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bingo.Http;

/// <summary>Which path leads where.</summary>
sealed class Api(
    Catalogue catalogue, Lists lists, DatabaseWatch watch, FaultSwitch? faults, Computation computation)
{
    static readonly string[] s_get = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        Get(routes, "/", context => Answers.TextAsync(context, "bingo: the history of film sessions\n"));
        Get(routes, "/ping", PingAsync);
        Get(routes, "/db_dummy", DbDummyAsync);
        Get(routes, "/long_dummy", LongDummyAsync);
        routes.MapPost("/operation", OperationAsync);
        Get(routes, "/api/movie", lists.MoviesAsync);
        Get(routes, "/api/customer", lists.CustomersAsync);
        Get(routes, "/api/session", lists.SessionsAsync);
        Get(routes, "/api/movie/{id}", context =>
            FindAsync(context, "movie", catalogue.MovieAsync, BingoJson.Default.Movie));
        Get(routes, "/api/customer/{id}", context =>
            FindAsync(context, "customer", catalogue.CustomerAsync, BingoJson.Default.Customer));
        Get(routes, "/api/session/{id}", context =>
            FindAsync(context, "session", catalogue.SessionAsync, BingoJson.Default.Session));
        routes.MapPost("/api/session", AddSessionAsync);
        routes.MapDelete("/api/session/{id}", DeleteSessionAsync);
        if (faults is not null)
            routes.MapPost("/fault", context => faults.OrderAsync(context));
    }

    static void Get(IEndpointRouteBuilder routes, string path, RequestDelegate answer) =>
        routes.MapMethods(path, s_get, answer);

    async Task PingAsync(HttpContext context)
    {
        if (await watch.TroubleAsync(context.RequestAborted) is { } trouble)
            await Answers.ProblemAsync(context, 500, $"the database is away: {trouble}");
        else
            await Answers.TextAsync(context, "pong");
    }

    async Task DbDummyAsync(HttpContext context)
    {
        var answer = await catalogue.DummyAsync(context.RequestAborted);
        await Answers.JsonAsync(context, new DbDummyAnswer(answer), BingoJson.Default.DbDummyAnswer);
    }

    async Task LongDummyAsync(HttpContext context) => await Answers.JsonAsync(
        context, await computation.LongAsync(context.RequestAborted), BingoJson.Default.LongDummyAnswer);

    static async Task OperationAsync(HttpContext context)
    {
        if (await Bodies.ReadAsync(context, BingoJson.Default.OperationRequest) is not { } body)
            return;
        if (body.Operation is not { } operation)
        {
            await Answers.ProblemAsync(context, 400, "the body lacks 'operation', a whole number");
            return;
        }
        var answer = new OperationAnswer(operation, Computation.Short(operation));
        await Answers.JsonAsync(context, answer, BingoJson.Default.OperationAnswer);
    }

    static async Task FindAsync<T>(
        HttpContext context, string what, Func<int, CancellationToken, Task<T?>> find, JsonTypeInfo<T> type)
        where T : class
    {
        if (await IdAsync(context) is not { } id)
            return;
        if (await find(id, context.RequestAborted) is { } found)
            await Answers.JsonAsync(context, found, type);
        else
            await Answers.ProblemAsync(context, 404, $"there is no {what} {id}");
    }

    async Task AddSessionAsync(HttpContext context)
    {
        if (await Bodies.ReadAsync(context, BingoJson.Default.SessionRequest) is not { } body)
            return;
        if (SessionRules.Problem(body) is { } problem)
        {
            await Answers.ProblemAsync(context, 400, problem);
            return;
        }
        var (customer, movie) = (body.CustomerId!.Value, body.MovieId!.Value);
        var start = body.StartTime?.ToUniversalTime();
        if (await catalogue.AddSessionAsync(customer, movie, start, context.RequestAborted) is { } session)
        {
            context.Response.Headers.Location = $"/api/session/{session.Id}";
            await Answers.JsonAsync(context, session, BingoJson.Default.Session, StatusCodes.Status201Created);
            return;
        }
        await Answers.ProblemAsync(context, 422, $"there is no customer {customer}, or no movie {movie}");
    }

    async Task DeleteSessionAsync(HttpContext context)
    {
        if (await IdAsync(context) is not { } id)
            return;
        if (await catalogue.DeleteSessionAsync(id, context.RequestAborted))
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        else
            await Answers.ProblemAsync(context, 404, $"there is no session {id}");
    }

    /// <returns>Null: it is none, and the problem is answered.</returns>
    static async ValueTask<int?> IdAsync(HttpContext context)
    {
        var text = context.Request.RouteValues["id"] as string;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0)
            return id;
        await Answers.ProblemAsync(context, 400, $"an id is a whole number from 1 to {int.MaxValue}");
        return null;
    }
}
