using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>
/// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; PostgreSQL manual, SASL
/// Authentication). The user is the startup message's: the name inside is ignored, as PostgreSQL does. One login, one
/// thread at a time.
/// </summary>
/// <param name="secret">Of the user. For an unknown one a made-up secret, so that nobody learns who exists: a proof
/// against it fails.</param>
/// <param name="binding">tls-server-end-point of the connection; null without TLS.</param>
/// <param name="nonce">Ours, printable and without a comma.</param>
public sealed class ScramServer(ScramSecret secret, byte[]? binding, string nonce)
{
    public const string Name = "SCRAM-SHA-256", NamePlus = "SCRAM-SHA-256-PLUS";

    string _header = "", _bare = "", _first = "";
    bool _isPlus;

    public ScramServer(ScramSecret secret, byte[]? binding)
        : this(secret, binding, Convert.ToBase64String(RandomNumberGenerator.GetBytes(ScramMessage.NonceBytes)))
    {
    }

    /// <summary>What the client's proof has shown; null until <see cref="Finish"/> accepted it.</summary>
    public ScramKeys? Keys { get; private set; }

    /// <summary>Takes client-first-message and gives server-first-message.</summary>
    /// <returns>Null: malformed, or the client's wish for a binding can't be met.</returns>
    public string? Begin(string mechanism, ReadOnlySpan<byte> message)
    {
        _isPlus = mechanism == NamePlus;
        if ((!_isPlus && mechanism != Name) || ScramMessage.Text(message) is not { } text
            || !TryHeader(text, out _header))
            return null;
        _bare = text[_header.Length..];
        var attributes = _bare.Split(',');
        // An extension that must be understood ("m=") would stand first: not known, so refused.
        if (ScramMessage.At(attributes, 0, 'n') is null
            || ScramMessage.At(attributes, 1, 'r') is not { Length: > 0 } theirs)
            return null;
        return _first = string.Create(
            CultureInfo.InvariantCulture,
            $"r={theirs}{nonce},s={Convert.ToBase64String(secret.Salt)},i={secret.Iterations}");
    }

    /// <summary>Takes client-final-message and gives server-final-message.</summary>
    /// <returns>Null: malformed, or the proof is wrong.</returns>
    public string? Finish(ReadOnlySpan<byte> message)
    {
        if (_first.Length == 0 || ScramMessage.Text(message) is not { } text
            || text.LastIndexOf(",p=", StringComparison.Ordinal) is not (> 0 and var end))
            return null;
        var attributes = text[..end].Split(',');
        if (ScramMessage.At(attributes, 0, 'c') != Convert.ToBase64String(Bound())
            || ScramMessage.At(attributes, 1, 'r') is not { } both || !_first.StartsWith($"r={both},",
                StringComparison.Ordinal)
            || Base64.Read(text[(end + 3)..]) is not { Length: ScramSecret.KeyBytes } proof)
            return null;
        var all = Encoding.UTF8.GetBytes($"{_bare},{_first},{text[..end]}");
        var clientKey = HMACSHA256.HashData(secret.StoredKey, all);
        for (var i = 0; i < clientKey.Length; i++)
            clientKey[i] ^= proof[i];
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), secret.StoredKey))
            return null;
        Keys = new ScramKeys(clientKey, secret.ServerKey);
        return $"v={Convert.ToBase64String(HMACSHA256.HashData(secret.ServerKey, all))}";
    }

    // gs2-header: whether the client binds (p), can't (n), or could and believes that we can't (y).
    bool TryHeader(string text, out string header)
    {
        var first = text.IndexOf(',', StringComparison.Ordinal);
        var second = first < 0 ? -1 : text.IndexOf(',', first + 1);
        header = second < 0 ? "" : text[..(second + 1)];
        if (second != first + 1)
            return false; // An authorization identity is not supported (PostgreSQL neither).
        return text[..first] switch
        {
            "p=tls-server-end-point" => _isPlus && binding is not null,
            "n" => !_isPlus,
            // We offered a binding: somebody between us hid that.
            "y" => !_isPlus && binding is null,
            _ => false,
        };
    }

    byte[] Bound() => [.. Encoding.UTF8.GetBytes(_header), .. _isPlus ? binding! : []];
}
