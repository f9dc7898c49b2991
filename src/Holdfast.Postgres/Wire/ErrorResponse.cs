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
    /// <param name="sqlState">Five characters.</param>
    /// <param name="message">The first thing that a person reads.</param>
    /// <param name="detail">More of it; or null.</param>
    public static byte[] Of(string severity, string sqlState, string message, string? detail = null)
    {
        var more = detail is null ? "" : $"D{detail.Replace('\0', ' ')}\0";
        var fields = Encoding.UTF8.GetBytes(
            $"S{severity}\0V{severity}\0C{sqlState}\0M{message.Replace('\0', ' ')}\0{more}\0");
        var whole = new byte[HeaderBytes + fields.Length];
        whole[0] = Tag;
        BinaryPrimitives.WriteInt32BigEndian(whole.AsSpan(1), sizeof(int) + fields.Length);
        fields.CopyTo(whole, HeaderBytes);
        return whole;
    }

    /// <summary>One field of the message's body, or null: <c>C</c> is the SQLSTATE, <c>M</c> the text.</summary>
    public static string? Field(ReadOnlySpan<byte> body, char field) =>
        TryField(body, field, out var value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>True if the field is there and is <paramref name="value"/>.</summary>
    public static bool Has(ReadOnlySpan<byte> body, char field, ReadOnlySpan<byte> value) =>
        TryField(body, field, out var found) && found.SequenceEqual(value);

    static bool TryField(ReadOnlySpan<byte> body, char field, out ReadOnlySpan<byte> value)
    {
        value = default;
        while (body.Length > 1 && body[0] != 0)
        {
            var end = body.IndexOf((byte)0);
            if (end < 0)
                return false;
            value = body[1..end];
            if (body[0] == (byte)field)
                return true;
            body = body[(end + 1)..];
        }
        return false;
    }
}
