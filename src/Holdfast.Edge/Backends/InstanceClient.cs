using System.Net.Sockets;
using System.Text;

namespace Holdfast.Edge.Backends;

/// <summary>How the edge speaks to an instance.</summary>
internal static class InstanceClient
{
    /// <summary>A pool of kept connections to one instance. The caller disposes it.</summary>
    public static HttpMessageInvoker Create() => new(Handler(ConnectAsync));

    /// <summary>The same without memory, for checks.</summary>
    public static HttpMessageInvoker CreateForChecks() => new(Handler(connect: null));

    static SocketsHttpHandler Handler(
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        // A traceparent is the client's to give, not ours.
        ActivityHeadersPropagator = null,
        ConnectCallback = connect,
        // ConnectAsync has its own, shorter limit and tells more; this one holds for checks.
        ConnectTimeout = EdgeLimits.Connect * 2,
        MaxConnectionsPerServer = EdgeLimits.InstanceConnectionsMax,
        PooledConnectionIdleTimeout = EdgeLimits.InstanceIdle,
        PooledConnectionLifetime = EdgeLimits.InstanceConnectionLife,
        MaxResponseHeadersLength = EdgeLimits.AnswerHeaderKibibytesMax,
        MaxResponseDrainSize = EdgeLimits.DrainBytesMax,
        ResponseDrainTimeout = EdgeLimits.AnswerDrain,
        // One byte is one character both ways: values pass as they are.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };

    static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(EdgeLimits.Connect);
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, limit.Token);
            return new InstanceStream(socket);
        }
        catch (Exception failed) when (failed is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw new NotConnectedException(failed is SocketException ? failed.Message : "no answer in time", failed);
        }
    }
}
