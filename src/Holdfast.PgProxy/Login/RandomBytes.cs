using System.Security.Cryptography;

namespace Holdfast.PgProxy.Login;

/// <summary>Random bytes that nobody can guess, drawn ahead: a few at a time cost a call into the generator each.
/// Safe from any thread.</summary>
internal static class RandomBytes
{
    const int AheadBytes = 1024;

    [ThreadStatic]
    static byte[]? _ahead;

    [ThreadStatic]
    static int _left;

    /// <param name="bytes">At most a kibibyte.</param>
    public static void Fill(Span<byte> bytes)
    {
        _ahead ??= new byte[AheadBytes];
        if (_left < bytes.Length)
        {
            RandomNumberGenerator.Fill(_ahead);
            _left = AheadBytes;
        }
        var drawn = _ahead.AsSpan(_left - bytes.Length, bytes.Length);
        drawn.CopyTo(bytes);
        // What was given away is nobody else's to find here.
        drawn.Clear();
        _left -= bytes.Length;
    }
}
