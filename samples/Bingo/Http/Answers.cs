using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Bingo.Http;

/// <summary>Whole answers: each has its length, and is written at once.</summary>
static class Answers
{
    public const string Json = "application/json";
    const string ProblemJson = "application/problem+json";

    public static Task TextAsync(HttpContext context, string text) =>
        WriteAsync(context, 200, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public static Task JsonAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = 200) =>
        WriteAsync(context, status, Json, JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <param name="context">Not answered yet.</param>
    /// <param name="status">400 to 599.</param>
    /// <param name="detail">A sentence without its end, which names no type and no line of ours.</param>
    public static Task ProblemAsync(HttpContext context, int status, string detail)
    {
        if (status == StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = "1";
        var problem = new ProblemAnswer(
            "about:blank", ReasonPhrases.GetReasonPhrase(status), status, detail, context.TraceIdentifier);
        var body = JsonSerializer.SerializeToUtf8Bytes(problem, BingoJson.Default.ProblemAnswer);
        return WriteAsync(context, status, ProblemJson, body);
    }

    static async Task WriteAsync(HttpContext context, int status, string type, byte[] body)
    {
        var response = context.Response;
        (response.StatusCode, response.ContentType, response.ContentLength) = (status, type, body.Length);
        // An answer to HEAD has the length of what GET would send.
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }
}
