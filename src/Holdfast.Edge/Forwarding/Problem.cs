using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Holdfast.Edge.Forwarding;

/// <summary>An error of the edge itself, as RFC 9457 problem details.</summary>
/// <param name="Status">400 to 599.</param>
/// <param name="Reason">One word, for metrics and log.</param>
/// <param name="Detail">For people; tells nothing of the inside that a stranger should not know.</param>
internal sealed record Problem(int Status, string Reason, string Detail)
{
    public const string ContentType = "application/problem+json";

    public static readonly Problem
        BadTarget = new(400, "bad_target", "the request target is not a path"),
        BadMethod = new(501, "method", "CONNECT and TRACE are not served"),
        Upgrade = new(501, "upgrade", "upgrades to another protocol are not served"),
        NoRoute = new(404, "no_route", "no route leads anywhere from this path"),
        TooLarge = new(413, "body_too_large", "the body is larger than this route takes"),
        NoInstance = new(503, "no_instance", "no instance serves at the moment"),
        NotConnected = new(502, "not_connected", "the instance does not accept connections"),
        BrokenAnswer = new(502, "broken", "the instance ended the connection without a whole answer; "
            + "whether it carried the request out is unknown"),
        TimedOut = new(504, "timeout", "the instance did not answer in time"),
        Internal = new(500, "internal", "the edge failed; its log has more under the request id");

    /// <summary>Of an answer that has not begun.</summary>
    public async Task WriteAsync(HttpContext context, string id)
    {
        var body = Json(id);
        var response = context.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers[RequestId.Header] = id;
        if (Status == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = EdgeLimits.RetryAfterSeconds.ToString();
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>ASCII only.</summary>
    public ReadOnlyMemory<byte> Json(string id)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank"); // RFC 9457, 4.2.1: the status says it all.
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(Status));
            json.WriteNumber("status", Status);
            json.WriteString("detail", Detail);
            json.WriteString("request_id", id);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
