using Bingo.Data;
using Bingo.Faults;
using Bingo.Logging;
using Microsoft.AspNetCore.Http;

namespace Bingo.Http;

/// <summary>Around every request: its name, the headers of every answer, what a failure becomes, and the access
/// log.</summary>
sealed class Envelope(string instance, FaultSwitch faults, Journal journal, TimeProvider clock)
{
    const int PathCharactersMax = 512, ClientLeft = 499;

    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        var started = clock.GetTimestamp();
        context.TraceIdentifier = RequestId.Of(context.Request);
        var headers = context.Response.Headers;
        headers[RequestId.Header] = context.TraceIdentifier;
        headers["x-server-instance"] = instance;
        headers.CacheControl = "no-store";
        var left = false;
        try
        {
            await AnswerAsync(context, next);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            left = true;
        }
        catch (Exception failure)
        {
            await FailAsync(context, failure);
        }
        finally
        {
            var path = context.Request.Path.Value ?? "";
            journal.Answered(context.TraceIdentifier, new RequestFacts(
                context.Request.Method,
                path.Length <= PathCharactersMax ? path : path[..PathCharactersMax],
                left ? ClientLeft : context.Response.StatusCode,
                clock.GetElapsedTime(started)));
        }
    }

    async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        // What is under way when it begins to hang is not answered either.
        context.Response.OnStarting(() => faults.PassAsync(context.RequestAborted));
        await faults.PassAsync(context.RequestAborted);
        if (faults.AnswersErrors)
        {
            await Answers.ProblemAsync(context, 500, "the fault switch of this instance says so");
            return;
        }
        await next(context);
        if (context.Response.HasStarted)
            return;
        // Routing answers these two without a word.
        switch (context.Response.StatusCode)
        {
            case StatusCodes.Status404NotFound:
                await Answers.ProblemAsync(context, 404, "there is nothing at this path");
                break;
            case StatusCodes.Status405MethodNotAllowed:
                await Answers.ProblemAsync(
                    context, 405, $"this path can be asked by {context.Response.Headers.Allow}, not by another method");
                break;
        }
    }

    async Task FailAsync(HttpContext context, Exception failure)
    {
        if (failure is DatabaseAwayException or OutcomeUnknownException)
            journal.Refused(context.TraceIdentifier, $"{failure.Message}: {failure.InnerException!.Message}");
        else if (failure is not BadHttpRequestException)
            journal.Failed(context.TraceIdentifier, failure);
        if (context.Response.HasStarted)
        {
            // A list that ends early must not look whole.
            context.Abort();
            return;
        }
        var (status, detail) = failure switch
        {
            BadHttpRequestException { StatusCode: 413 } => (413, $"a body has {HttpLimits.BodyBytesMax} bytes at most"),
            BadHttpRequestException { StatusCode: 408 } => (408, "the body came too slowly"),
            BadHttpRequestException bad => (bad.StatusCode, "the request is not valid HTTP"),
            DatabaseAwayException away => (503, $"the database cannot be had now: {away.Message}"),
            OutcomeUnknownException unknown => (503, $"{unknown.Message}; look before asking again"),
            _ => (500, "internal error; the log tells more under this request id"),
        };
        await Answers.ProblemAsync(context, status, detail);
    }
}
