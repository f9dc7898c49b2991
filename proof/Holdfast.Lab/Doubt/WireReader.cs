using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Lab.Doubt;

/// <summary>Takes a server's messages off a socket, one after the other (PostgreSQL manual, Message Formats).</summary>
sealed class WireReader(Socket socket)
{
    const int MessageBytesMax = 64 * 1024, HeaderBytes = 5;

    readonly byte[] _buffer = new byte[MessageBytesMax];
    int _from, _to;

    /// <returns>Good until the next call; null at the end of the connection.</returns>
    /// <exception cref="SocketException">It was reset.</exception>
    public async ValueTask<(char Tag, ReadOnlyMemory<byte> Body)?> NextAsync(CancellationToken stop)
    {
        while (true)
        {
            var bytes = _to - _from < HeaderBytes
                ? HeaderBytes : BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_from + 1)) + 1;
            if (bytes is < HeaderBytes or > MessageBytesMax)
                throw new LabException(
                    $"a message of {bytes} bytes came; the lab's own client takes {MessageBytesMax}");
            if (_to - _from >= bytes)
            {
                var at = _from;
                _from += bytes;
                return ((char)_buffer[at], _buffer.AsMemory(at + HeaderBytes, bytes - HeaderBytes));
            }
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
            var count = await socket.ReceiveAsync(_buffer.AsMemory(_to), stop);
            if (count == 0)
                return null;
            _to += count;
        }
    }

    public static WireError Error(ReadOnlySpan<byte> body)
    {
        var fields = Encoding.UTF8.GetString(body).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        string Field(char kind) => fields.FirstOrDefault(field => field[0] == kind)?[1..] ?? "";
        return new WireError(Field('V'), Field('C'), Field('M'));
    }

    public static string?[] Row(ReadOnlySpan<byte> body)
    {
        var values = new string?[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[sizeof(short)..];
        for (var i = 0; i < values.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[sizeof(int)..];
            if (length < 0)
                continue;
            values[i] = Encoding.UTF8.GetString(body[..length]);
            body = body[length..];
        }
        return values;
    }

    /// <summary>Of CommandComplete.</summary>
    public static string Text(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body).TrimEnd('\0');
}
