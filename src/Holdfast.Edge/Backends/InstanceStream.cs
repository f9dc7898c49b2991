using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Holdfast.Edge.Forwarding;

namespace Holdfast.Edge.Backends;

/// <summary>
/// One connection to an instance. It knows what was sent for which attempt, so that a request is sent again only if
/// that can't make it happen twice. There are three proofs:
/// nothing was written to any connection;
/// the connection was closed when its first byte was about to be written, or the kernel refused that byte;
/// the other side closed, and the segment that said so had acknowledged no byte of the request: the acknowledgement
/// in a FIN counts all that had arrived (RFC 9293, 3.4), and nobody reads what arrives after the close. A reset proves
/// nothing, for it may overtake an acknowledgement.
/// </summary>
internal sealed class InstanceStream : NetworkStream
{
    /// <summary>A resting socket's send buffer takes that much whole or not at all (tcp(7): tcp_wmem is 4 KiB at
    /// least).</summary>
    const int WholeWriteBytes = 4096;

    readonly long _ackedAtStart;
    Attempt? _attempt;
    long _written, _writtenBefore;
    volatile bool _hasAnswer;

    public InstanceStream(Socket socket) : base(socket, ownsSocket: true) =>
        _ackedAtStart = TcpFacts.BytesAcknowledged(socket);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Without its attempt nothing could be proved later: better not to send at all.
        var attempt = Attempt.Current ?? throw new InvalidOperationException("a write without an attempt");
        return ReferenceEquals(attempt, _attempt)
            ? WriteMoreAsync(buffer, cancellationToken)
            : BeginAsync(attempt, buffer, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await base.ReadAsync(buffer, cancellationToken);
        if (count > 0)
            _hasAnswer = true;
        else if (buffer.Length > 0 && !_hasAnswer && Volatile.Read(ref _attempt) is { } attempt && IsUnread())
            attempt.ProveUnread();
        return count;
    }

    async ValueTask BeginAsync(Attempt attempt, ReadOnlyMemory<byte> buffer, CancellationToken stop)
    {
        // The pool looks too, but only at what its own read has noticed, which lags behind on a busy machine.
        if (Socket.Poll(0, SelectMode.SelectRead))
            throw new StaleConnectionException("the instance had closed the connection");
        _hasAnswer = false;
        Volatile.Write(ref _writtenBefore, _written);
        attempt.HasWritten = true;
        Volatile.Write(ref _attempt, attempt);
        try
        {
            await WriteMoreAsync(buffer, stop);
        }
        catch (IOException refused) when (
            buffer.Length <= WholeWriteBytes
            && refused.InnerException is SocketException
            {
                SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown,
            })
        {
            attempt.HasWritten = false;
            throw new StaleConnectionException("the instance had reset the connection", refused);
        }
    }

    async ValueTask WriteMoreAsync(ReadOnlyMemory<byte> buffer, CancellationToken stop)
    {
        await base.WriteAsync(buffer, stop);
        _written += buffer.Length;
    }

    bool IsUnread()
    {
        var acked = TcpFacts.BytesAcknowledged(Socket);
        return acked != long.MaxValue && _ackedAtStart != long.MaxValue
            && acked - _ackedAtStart <= Volatile.Read(ref _writtenBefore);
    }
}
