using Microsoft.AspNetCore.Http;

namespace Bingo.Http;

/// <summary>The name of a request, the same at every hop.</summary>
static class RequestId
{
    public const string Header = "x-request-id";

    /// <summary>The client's, if it is one; else a new one.</summary>
    public static string Of(HttpRequest request)
    {
        var given = request.Headers[Header];
        return given is [{ Length: > 0 and <= HttpLimits.RequestIdCharactersMax } one] && one.All(IsSafe)
            ? one
            : Guid.CreateVersion7().ToString("n");
    }

    // It goes into logs and headers of others.
    static bool IsSafe(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/' or '+' or '=';
}
