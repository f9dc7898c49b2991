using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>The message DataRow (PostgreSQL manual, Message Formats), for what we ask for ourselves.</summary>
public static class DataRow
{
    /// <summary>More columns than these are not what we asked for.</summary>
    public const int ColumnsMax = 64;

    /// <returns>The columns as text, null for NULL; no list: the body is not one.</returns>
    public static IReadOnlyList<string?>? Read(ReadOnlySpan<byte> body)
    {
        if (body.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(body) is not (>= 0 and var count)
            || count > ColumnsMax)
            return null;
        body = body[sizeof(short)..];
        var columns = new string?[count];
        for (var column = 0; column < count; column++)
        {
            if (body.Length < sizeof(int))
                return null;
            var bytes = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[sizeof(int)..];
            if (bytes == -1)
                continue;
            if (bytes < 0 || bytes > body.Length)
                return null;
            columns[column] = Encoding.UTF8.GetString(body[..bytes]);
            body = body[bytes..];
        }
        return body.IsEmpty ? columns : null;
    }
}
