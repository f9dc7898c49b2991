using System.Buffers;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Holdfast.Edge.Forwarding;

/// <summary>Passes an instance's answer on to the client, in constant memory.</summary>
internal static class Answer
{
    /// <exception cref="InvalidOperationException">A header can't be passed on; nothing was sent yet.</exception>
    public static void PassHead(Exchange exchange, HttpResponseMessage answer)
    {
        var response = exchange.Context.Response;
        response.StatusCode = (int)answer.StatusCode;
        var connection = answer.Headers.NonValidated.TryGetValues("Connection", out var values)
            ? values.ToString()
            : null;
        Copy(answer.Headers.NonValidated, response.Headers, connection);
        Copy(answer.Content.Headers.NonValidated, response.Headers, connection);
        // RFC 9110, 8.6: none with 204, and Kestrel would refuse it.
        if (response.StatusCode == StatusCodes.Status204NoContent)
            response.Headers.ContentLength = null;
        response.Headers[RequestId.Header] = exchange.Id;
        if (!response.Headers.ContainsKey(HeaderRules.ServerInstance))
            response.Headers[HeaderRules.ServerInstance] = exchange.Instance!.Host;
    }

    /// <summary>The body; each piece is passed on as it comes, and the next is read when the client took it.</summary>
    /// <exception cref="Exception">The instance's side broke, timed out, or the client went.</exception>
    public static async Task PassBodyAsync(Exchange exchange, Attempt attempt, HttpResponseMessage answer)
    {
        var source = await answer.Content.ReadAsStreamAsync(attempt.Cancelled);
        var writer = exchange.Context.Response.BodyWriter;
        var buffer = ArrayPool<byte>.Shared.Rent(EdgeLimits.CopyBytes);
        while (true)
        {
            attempt.Allow(EdgeLimits.AnswerPause);
            var reading = source.ReadAsync(buffer, attempt.Cancelled);
            // A head whose body takes its time (events, a slow query) must not wait for it.
            if (!reading.IsCompleted && exchange.BytesSent == 0)
                await writer.FlushAsync(exchange.ClientGone);
            var count = await reading;
            if (count == 0)
                break;
            // The client is Kestrel's to lose patience with.
            attempt.Allow(Timeout.InfiniteTimeSpan);
            await writer.WriteAsync(buffer.AsMemory(0, count), exchange.ClientGone);
            exchange.ClientGone.ThrowIfCancellationRequested();
            exchange.BytesSent += count;
        }
        // Only here: after a failure a read may still be writing into it.
        ArrayPool<byte>.Shared.Return(buffer);
    }

    static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, string? connection)
    {
        foreach (var (name, values) in from)
        {
            if (HeaderRules.PassesToClient(name, connection))
                to[name] = values.Count == 1 ? values.ToString() : new StringValues([.. values]);
        }
    }
}
