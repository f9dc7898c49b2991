using System.Buffers.Text;
using System.Text;

namespace Holdfast.Store.Etcd;

enum HttpProgress
{
    /// <summary>More bytes are needed.</summary>
    Partial,

    /// <summary>The whole answer is there, and nothing after it.</summary>
    Whole,

    /// <summary>It is no answer that we understand.</summary>
    Broken,
}

/// <summary>
/// Reads one HTTP/1.1 answer with a body of known length or in chunks (RFC 9112, sections 4, 6, 7). Pure: it is given
/// all bytes received so far and starts from the front each time; answers of etcd to a heartbeat are a few hundred
/// bytes.
/// </summary>
readonly ref struct HttpAnswer
{
    HttpAnswer(HttpProgress progress, int status, bool keepsOpen, ReadOnlySpan<byte> body)
    {
        Progress = progress;
        Status = status;
        KeepsOpen = keepsOpen;
        Body = body;
    }

    public HttpProgress Progress { get; }
    public int Status { get; }

    /// <summary>The connection may carry another request.</summary>
    public bool KeepsOpen { get; }
    public ReadOnlySpan<byte> Body { get; }

    static HttpAnswer Broken => new(HttpProgress.Broken, 0, false, default);
    static HttpAnswer Partial => new(HttpProgress.Partial, 0, false, default);

    /// <param name="received">Everything since the request was sent.</param>
    /// <param name="body">Takes the chunks put together; at least as long as <paramref name="received"/>.</param>
    public static HttpAnswer Read(ReadOnlySpan<byte> received, Span<byte> body)
    {
        if (!TryTakeLine(ref received, out var line))
            return Partial;
        // HTTP/1.1 200 OK
        if (!line.StartsWith("HTTP/1."u8)
            || line.Length < 12
            || !Utf8Parser.TryParse(line[9..12], out int status, out _))
        {
            return Broken;
        }
        var (length, isChunked, keepsOpen) = (-1, false, true);
        while (true)
        {
            if (!TryTakeLine(ref received, out line))
                return Partial;
            if (line.IsEmpty)
                break;
            if (IsHeader(line, "content-length"u8, out var value))
            {
                if (!Utf8Parser.TryParse(value, out length, out var used) || used != value.Length || length < 0)
                    return Broken;
            }
            else if (IsHeader(line, "transfer-encoding"u8, out value))
            {
                isChunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
            }
            else if (IsHeader(line, "connection"u8, out value))
            {
                keepsOpen = !Ascii.EqualsIgnoreCase(value, "close"u8);
            }
        }
        if (isChunked)
            return Chunks(received, body, status, keepsOpen);
        if (length < 0)
            return Broken;
        return received.Length < length ? Partial
            : received.Length > length ? Broken
            : new HttpAnswer(HttpProgress.Whole, status, keepsOpen, received);
    }

    static HttpAnswer Chunks(ReadOnlySpan<byte> received, Span<byte> body, int status, bool keepsOpen)
    {
        var taken = 0;
        while (true)
        {
            if (!TryTakeLine(ref received, out var line))
                return Partial;
            if (!Utf8Parser.TryParse(line, out int size, out _, 'x') || size < 0)
                return Broken;
            if (size == 0)
                break;
            if (received.Length - 2 < size)
                return Partial;
            received[..size].CopyTo(body[taken..]);
            taken += size;
            if (!received[size..].StartsWith("\r\n"u8))
                return Broken;
            received = received[(size + 2)..];
        }
        // Trailers, and the empty line that ends them.
        while (TryTakeLine(ref received, out var line))
        {
            if (line.IsEmpty)
                return received.IsEmpty ? new HttpAnswer(HttpProgress.Whole, status, keepsOpen, body[..taken]) : Broken;
        }
        return Partial;
    }

    static bool TryTakeLine(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> line)
    {
        var end = input.IndexOf("\r\n"u8);
        line = end < 0 ? default : input[..end];
        if (end < 0)
            return false;
        input = input[(end + 2)..];
        return true;
    }

    static bool IsHeader(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var colon = line.IndexOf((byte)':');
        value = colon < 0 ? default : line[(colon + 1)..].Trim(" \t"u8);
        return colon >= 0 && Ascii.EqualsIgnoreCase(line[..colon], name);
    }
}
