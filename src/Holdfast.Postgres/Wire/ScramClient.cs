using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>
/// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), with a password or with keys that
/// another login has shown. One login, one thread at a time.
/// </summary>
public sealed class ScramClient
{
    const string NoBinding = "n,,", Binding = "p=tls-server-end-point,,";

    readonly KnownPassword? _password;
    readonly byte[]? _binding;
    readonly string _bare;
    ScramKeys? _keys;
    byte[] _all = [];

    /// <param name="password">Keeps what is made of it for the next login.</param>
    /// <param name="binding">tls-server-end-point where the server offers -PLUS; else null.</param>
    public ScramClient(KnownPassword password, byte[]? binding)
        : this(password, null, binding, NewNonce())
    {
    }

    /// <param name="keys">Good where the server keeps the secret that they were shown to.</param>
    /// <param name="binding">tls-server-end-point where the server offers -PLUS; else null.</param>
    public ScramClient(ScramKeys keys, byte[]? binding)
        : this(null, keys, binding, NewNonce())
    {
    }

    internal ScramClient(KnownPassword? password, ScramKeys? keys, byte[]? binding, string nonce, string name = "") =>
        (_password, _keys, _binding, _bare) = (password, keys, binding, $"n={name},r={nonce}");

    public string Mechanism => _binding is null ? ScramServer.Name : ScramServer.NamePlus;

    string Header => _binding is null ? NoBinding : Binding;

    /// <summary>client-first-message.</summary>
    public string Begin() => Header + _bare;

    /// <summary>Takes server-first-message and gives client-final-message.</summary>
    /// <returns>Null: malformed, or not an answer to ours.</returns>
    public string? Prove(ReadOnlySpan<byte> message)
    {
        var ours = _bare[(_bare.IndexOf(",r=", StringComparison.Ordinal) + 3)..];
        if (ScramMessage.Text(message) is not { } first || first.Split(',') is not { } attributes
            || ScramMessage.At(attributes, 0, 'r') is not { } both
            || both.Length <= ours.Length || !both.StartsWith(ours, StringComparison.Ordinal)
            || ScramMessage.At(attributes, 1, 's') is not { } salt || Base64.Read(salt) is not { } saltBytes
            || ScramMessage.At(attributes, 2, 'i') is not { } count
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > ScramSecret.IterationsMax)
            return null;
        _keys ??= _password!.Keys(saltBytes, iterations);
        byte[] bound = [.. Encoding.UTF8.GetBytes(Header), .. _binding ?? []];
        var withoutProof = $"c={Convert.ToBase64String(bound)},r={both}";
        _all = Encoding.UTF8.GetBytes($"{_bare},{first},{withoutProof}");
        var proof = HMACSHA256.HashData(SHA256.HashData(_keys.ClientKey), _all);
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= _keys.ClientKey[i];
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    /// <summary>Takes server-final-message: whether the server knows the secret too.</summary>
    public bool IsProvedBy(ReadOnlySpan<byte> message) =>
        _keys is not null && _all.Length > 0
        && ScramMessage.Text(message) is { } text && ScramMessage.At(text.Split(','), 0, 'v') is { } signature
        && Base64.Read(signature) is { } told
        && CryptographicOperations.FixedTimeEquals(told, HMACSHA256.HashData(_keys.ServerKey, _all));

    static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(ScramMessage.NonceBytes));
}
