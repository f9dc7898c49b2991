using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Bingo.Http;

/// <summary>JSON that a client sends.</summary>
static class Bodies
{
    /// <returns>Null: it was no such JSON, and the problem is answered.</returns>
    /// <exception cref="BadHttpRequestException">It is longer than <see cref="HttpLimits.BodyBytesMax"/>, or came too
    /// slowly.</exception>
    public static async Task<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        if (!IsJson(context.Request.ContentType))
        {
            await Answers.ProblemAsync(context, 415, "the body must have the content type application/json");
            return null;
        }
        try
        {
            var body = await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
            if (body is not null)
                return body;
            await Answers.ProblemAsync(context, 400, "the body must be a JSON object, not null");
        }
        catch (JsonException broken)
        {
            await Answers.ProblemAsync(context, 400, "the body is not the JSON expected here: " + Place(broken));
        }
        return null;
    }

    // The exception's own message names our types.
    static string Place(JsonException broken)
    {
        var line = (broken.LineNumber ?? 0) + 1;
        var place = $"line {line}, byte {(broken.BytePositionInLine ?? 0) + 1}";
        return string.IsNullOrEmpty(broken.Path) || broken.Path == "$" ? place : $"{place}, at {broken.Path}";
    }

    static bool IsJson(string? contentType) => MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(Answers.Json, StringComparison.OrdinalIgnoreCase)
        && (type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));
}
