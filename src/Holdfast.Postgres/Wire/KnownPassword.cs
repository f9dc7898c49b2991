namespace Holdfast.Postgres.Wire;

/// <summary>
/// A password in clear, and the keys that were last made of it: that takes thousands of hashes (RFC 5802, Hi), and the
/// salt of a user is the same in every login, on every server of a cluster. Safe from any thread.
/// </summary>
public sealed class KnownPassword(string text)
{
    volatile Made? _made;

    sealed record Made(byte[] Salt, int Iterations, ScramKeys Keys);

    /// <summary>In clear.</summary>
    public string Text => text;

    /// <summary>Of this password: made at the first call, and when the salt or the count is another one.</summary>
    public ScramKeys Keys(byte[] salt, int iterations)
    {
        if (_made is { } made && made.Iterations == iterations && made.Salt.AsSpan().SequenceEqual(salt))
            return made.Keys;
        var keys = ScramKeys.Of(text, salt, iterations);
        _made = new Made(salt, iterations, keys);
        return keys;
    }
}
