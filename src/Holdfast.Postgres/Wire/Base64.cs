namespace Holdfast.Postgres.Wire;

static class Base64
{
    /// <returns>Null: it is not base64 without blanks.</returns>
    public static byte[]? Read(string text)
    {
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return !text.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(text, bytes, out var count)
            ? bytes[..count]
            : null;
    }
}
