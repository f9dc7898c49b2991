using System.Net;

namespace Holdfast.Edge.Forwarding;

/// <summary>
/// The body as one attempt sends it. Every request that is not safe has one, be it empty: SocketsHttpHandler by itself
/// repeats a request without content, whatever its method, when a kept connection ends without an answer.
/// </summary>
internal sealed class ClientBodyContent(ClientBody body, Attempt attempt, TimeProvider clock) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, attempt.Cancelled);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await body.CopyToAsync(stream, attempt, cancellationToken);
        attempt.RequestSent(clock.GetTimestamp());
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length ?? 0;
        return body.Length is not null;
    }
}
