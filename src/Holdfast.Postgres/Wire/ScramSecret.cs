using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>
/// What PostgreSQL keeps of a password under scram-sha-256 (pg_authid.rolpassword, RFC 5803): enough to check a proof,
/// not enough to make one.
/// </summary>
/// <param name="Iterations">1 and more; PostgreSQL's default is 4096.</param>
/// <param name="Salt">Any bytes.</param>
/// <param name="StoredKey">32 bytes: the hash of the client's key.</param>
/// <param name="ServerKey">32 bytes.</param>
public sealed record ScramSecret(int Iterations, byte[] Salt, byte[] StoredKey, byte[] ServerKey)
{
    public const int KeyBytes = 32, IterationsDefault = 4096;

    /// <summary>More than this is somebody who wants us to compute.</summary>
    public const int IterationsMax = 1_000_000;

    const int SaltBytes = 16;
    const string Scheme = "SCRAM-SHA-256";

    /// <summary>The secret of a password with a salt of its own.</summary>
    public static ScramSecret Of(string password) =>
        Of(password, RandomNumberGenerator.GetBytes(SaltBytes), IterationsDefault);

    public static ScramSecret Of(string password, byte[] salt, int iterations)
    {
        var keys = ScramKeys.Of(password, salt, iterations);
        return new(iterations, salt, SHA256.HashData(keys.ClientKey), keys.ServerKey);
    }

    /// <summary>Reads <c>SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey</c>.</summary>
    /// <returns>Null: it is not that.</returns>
    public static ScramSecret? Parse(string text)
    {
        if (text.Split('$') is not [Scheme, var cost, var keys]
            || cost.Split(':') is not [var iterations, var salt]
            || keys.Split(':') is not [var stored, var server]
            || !int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > IterationsMax)
            return null;
        return Base64.Read(salt) is { } saltBytes
            && Base64.Read(stored) is { Length: KeyBytes } storedKey
            && Base64.Read(server) is { Length: KeyBytes } serverKey
                ? new ScramSecret(count, saltBytes, storedKey, serverKey)
                : null;
    }

    public override string ToString()
    {
        var (salt, stored, server) =
            (Convert.ToBase64String(Salt), Convert.ToBase64String(StoredKey), Convert.ToBase64String(ServerKey));
        return string.Create(CultureInfo.InvariantCulture, $"{Scheme}${Iterations}:{salt}${stored}:{server}");
    }

    public bool Equals(ScramSecret? other) => other is not null && other.ToString() == ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}

/// <summary>
/// What a client proves with: made from its password, or recovered from a proof that it gave (RFC 5802, section 3).
/// Good for a login as that user wherever the same secret is kept.
/// </summary>
/// <param name="ClientKey">32 bytes.</param>
/// <param name="ServerKey">32 bytes: with it the server proves that it knows the secret too.</param>
public sealed record ScramKeys(byte[] ClientKey, byte[] ServerKey)
{
    public static ScramKeys Of(string password, byte[] salt, int iterations)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(SaslPrep.Of(password)), salt, iterations, HashAlgorithmName.SHA256,
            ScramSecret.KeyBytes);
        return new(HMACSHA256.HashData(salted, "Client Key"u8), HMACSHA256.HashData(salted, "Server Key"u8));
    }
}
