using System.Security.Cryptography;
using System.Text;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>
/// What a login of somebody unknown is checked against, so that nobody learns from the questions who exists: for each
/// name always the same salt, as if it were kept, and keys that no password has (PostgreSQL: mock authentication).
/// Safe from any thread.
/// </summary>
internal sealed class Nobody
{
    const int SaltBytes = 16;

    readonly byte[] _key = RandomNumberGenerator.GetBytes(ScramSecret.KeyBytes);

    public UserSecret Secret(string user)
    {
        var salt = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(user))[..SaltBytes];
        var scram = new ScramSecret(
            ScramSecret.IterationsDefault, salt, RandomNumberGenerator.GetBytes(ScramSecret.KeyBytes),
            RandomNumberGenerator.GetBytes(ScramSecret.KeyBytes));
        return new UserSecret(null, scram, $"md5{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}");
    }
}
