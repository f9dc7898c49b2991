using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Lab.Proxies;

/// <summary>A client's side of SCRAM-SHA-256 (RFC 5802, gs2-header "n,,"), without a look at the server's
/// signature.</summary>
static class Scram
{
    const int KeyBytes = 32;

    /// <summary>What makes SCRAM slow for a client is done once: the clients are not what is measured.</summary>
    static readonly ConcurrentDictionary<(string Salt, string Password), byte[]> s_saltedPasswords = new();

    /// <summary>client-first-message-bare.</summary>
    public static string First() => $"n=,r={Convert.ToBase64String(RandomNumberGenerator.GetBytes(18))}";

    /// <summary>client-final-message.</summary>
    public static string Proof(string first, string serverFirst, string password)
    {
        var parts = serverFirst.Split(',');
        var (nonce, salt) = (parts[0][2..], parts[1][2..]);
        var rounds = int.Parse(parts[2][2..], CultureInfo.InvariantCulture);
        var salted = s_saltedPasswords.GetOrAdd((salt, password), asked => Rfc2898DeriveBytes.Pbkdf2(
            asked.Password, Convert.FromBase64String(asked.Salt), rounds, HashAlgorithmName.SHA256, KeyBytes));
        var key = HMACSHA256.HashData(salted, "Client Key"u8);
        var final = $"c=biws,r={nonce}";
        var signature = HMACSHA256.HashData(
            SHA256.HashData(key), Encoding.ASCII.GetBytes($"{first},{serverFirst},{final}"));
        for (var i = 0; i < key.Length; i++)
            key[i] ^= signature[i];
        return $"{final},p={Convert.ToBase64String(key)}";
    }
}
