using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>The attributes of SCRAM's messages (RFC 5802, section 5.1).</summary>
static class ScramMessage
{
    public const int NonceBytes = 18;

    /// <summary>PostgreSQL takes tokens of up to 65,535 bytes; no honest one comes near this.</summary>
    public const int BytesMax = 4096;

    /// <returns>Null: not UTF-8, or too long.</returns>
    public static string? Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return bytes.Length > BytesMax ? null : s_strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>The value of <paramref name="name"/> where it must stand, at this place in the list.</summary>
    public static string? At(string[] attributes, int place, char name) =>
        place < attributes.Length && attributes[place] is [var first, '=', .. var value] && first == name
            ? value
            : null;

    static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
