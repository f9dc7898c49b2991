using System.Net;
using System.Net.Http.Headers;

namespace Holdfast.Store.Etcd;

/// <summary>A body that knows whether it was begun to be sent. Without it, the other side can't have acted.</summary>
sealed class SentContent : HttpContent
{
    readonly byte[] _body;
    volatile bool _sent;

    public SentContent(byte[] body)
    {
        _body = body;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    public bool WasSent => _sent;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _sent = true;
        return stream.WriteAsync(_body, cancellationToken).AsTask();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
