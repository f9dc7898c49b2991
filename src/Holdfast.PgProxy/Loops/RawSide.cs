using System.Threading.Tasks.Sources;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// The encrypted side of a TLS connection as a stream: what arrives is fed to it, what is written is sent. Whoever
/// reads goes on at once, on the loop's thread.
/// </summary>
internal sealed class RawSide(Connection connection) : Stream, IValueTaskSource<int>
{
    ManualResetValueTaskSourceCore<int> _read;
    Carry _arrived;
    Memory<byte> _wanted;
    bool _isWaiting, _hasEnded;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        _arrived.Keep(bytes);
        Complete();
    }

    public void End()
    {
        _hasEnded = true;
        Complete();
    }

    // Without the loop's context a continuation runs here and now; with it, it would go to the thread pool.
    void Complete()
    {
        if (!_isWaiting)
            return;
        _isWaiting = false;
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            _read.SetResult(TakeInto(_wanted.Span));
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    int TakeInto(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _arrived.Bytes.Length);
        _arrived.Bytes[..count].CopyTo(buffer);
        _arrived.Drop(count);
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_arrived.IsEmpty || _hasEnded)
            return new(TakeInto(buffer.Span));
        (_wanted, _isWaiting) = (buffer, true);
        _read.Reset();
        return new(this, _read.Version);
    }

    public override void Write(ReadOnlySpan<byte> buffer) => connection.SendRaw(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        connection.SendRaw(buffer.Span);
        return default;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is kept here.
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);
    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
}
