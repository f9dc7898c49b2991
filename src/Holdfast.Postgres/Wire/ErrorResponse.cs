using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>The message ErrorResponse (PostgreSQL manual, Error and Notice Message Fields).</summary>
public static class ErrorResponse
{
    public const byte Tag = (byte)'E';

    /// <summary>Tag and length.</summary>
    public const int HeaderBytes = 5;

    /// <summary>A whole message of severity FATAL: the connection ends after it.</summary>
    public static byte[] Fatal(string sqlState, string message) => Of("FATAL", sqlState, message);

    /// <summary>A whole message.</summary>
    /// <param name="severity">ERROR or FATAL.</param>
    public static byte[] Of(string severity, string sqlState, string message)
    {
        var fields = Encoding.UTF8.GetBytes(
            $"S{severity}\0V{severity}\0C{sqlState}\0M{message.Replace('\0', ' ')}\0\0");
        var whole = new byte[HeaderBytes + fields.Length];
        whole[0] = Tag;
        BinaryPrimitives.WriteInt32BigEndian(whole.AsSpan(1), sizeof(int) + fields.Length);
        fields.CopyTo(whole, HeaderBytes);
        return whole;
    }

    /// <summary>One field of the message's body, or null: <c>C</c> is the SQLSTATE, <c>M</c> the text.</summary>
    public static string? Field(ReadOnlySpan<byte> body, char field)
    {
        while (body.Length > 1 && body[0] != 0)
        {
            var end = body.IndexOf((byte)0);
            if (end < 0)
                return null;
            if (body[0] == (byte)field)
                return Encoding.UTF8.GetString(body[1..end]);
            body = body[(end + 1)..];
        }
        return null;
    }
}
