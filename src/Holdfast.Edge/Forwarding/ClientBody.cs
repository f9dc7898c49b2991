using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Edge.Forwarding;

/// <summary>The body of a client's request: streamed once, and its beginning kept so that a second attempt can send it
/// again. Of one request's flow.</summary>
internal sealed class ClientBody
{
    readonly HttpContext _context;
    byte[] _kept = [];
    int _keptBytes;
    long _readBytes;
    bool _isAtEnd;

    public ClientBody(HttpContext context)
    {
        _context = context;
        var request = context.Request;
        // Where both are given the length is a lie or an attack (RFC 9112, 6.3).
        Length = request.Headers.TransferEncoding.Count > 0 ? null : request.ContentLength;
        Exists = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? Length is > 0;
        if (!Exists)
            (Length, _isAtEnd) = (0, true);
    }

    public bool Exists { get; }

    /// <summary>Bytes; null: known at its end.</summary>
    public long? Length { get; }

    /// <summary>All that was read so far is kept.</summary>
    public bool CanReplay => Volatile.Read(ref _readBytes) == Volatile.Read(ref _keptBytes);

    /// <summary>It could not be read from the client.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Why not, when it was Kestrel's refusal, with its status.</summary>
    public BadHttpRequestException? Refusal { get; private set; }

    /// <summary>Sends it, from its beginning. The client is waited for as long as Kestrel lets it be slow, the instance
    /// for the route's timeout.</summary>
    public async Task CopyToAsync(Stream target, Attempt attempt, CancellationToken stop)
    {
        var limit = attempt.Exchange.Route!.Settings.Timeout;
        attempt.Allow(limit);
        if (_keptBytes > 0)
            await target.WriteAsync(_kept.AsMemory(0, _keptBytes), stop);
        var reader = _context.Request.BodyReader;
        while (!_isAtEnd)
        {
            attempt.Allow(Timeout.InfiniteTimeSpan);
            var read = await ReadAsync(reader, stop);
            attempt.Allow(limit);
            try
            {
                foreach (var piece in read.Buffer)
                    Keep(piece.Span);
                _isAtEnd = read.IsCompleted;
                // The pieces are Kestrel's blocks, 4 KiB each.
                foreach (var piece in read.Buffer)
                    await target.WriteAsync(piece, stop);
            }
            finally
            {
                // Also when the instance broke: what was kept goes to the next one, and the reader goes on behind it.
                reader.AdvanceTo(read.Buffer.End);
            }
            // Whoever sends piece by piece wants them to arrive so.
            if (!_isAtEnd)
                await target.FlushAsync(stop);
        }
    }

    async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken stop)
    {
        try
        {
            return await reader.ReadAsync(stop);
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            (HasFailed, Refusal) = (true, failed as BadHttpRequestException);
            throw;
        }
    }

    void Keep(ReadOnlySpan<byte> bytes)
    {
        if (CanReplay && _keptBytes + bytes.Length <= EdgeLimits.ReplayBytesMax)
        {
            if (_kept.Length < _keptBytes + bytes.Length)
                Array.Resize(ref _kept, Math.Min(
                    Math.Max(_keptBytes + bytes.Length, _kept.Length * 2), EdgeLimits.ReplayBytesMax));
            bytes.CopyTo(_kept.AsSpan(_keptBytes));
            Volatile.Write(ref _keptBytes, _keptBytes + bytes.Length);
        }
        Volatile.Write(ref _readBytes, _readBytes + bytes.Length);
    }
}
