using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What is known of a user's password: in clear, or as PostgreSQL keeps it.</summary>
/// <param name="Password">In clear, from the file; or null.</param>
/// <param name="Scram">To check a proof with; null where only the old hash is kept.</param>
/// <param name="Md5">PostgreSQL's old hash, as <see cref="Md5Password.Stored"/> gives it; or null.</param>
public sealed record UserSecret(KnownPassword? Password, ScramSecret? Scram, string? Md5)
{
    /// <summary>Of a password in the file.</summary>
    public static UserSecret Of(string user, string password) =>
        new(new KnownPassword(password), ScramSecret.Of(password), Md5Password.Stored(user, password));

    /// <summary>Whether this is the password, in clear. Takes a while where the secret is SCRAM's.</summary>
    public bool IsRight(string user, string password)
    {
        if (Scram is { } scram)
        {
            var keys = ScramKeys.Of(password, scram.Salt, scram.Iterations);
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(keys.ClientKey), scram.StoredKey);
        }
        return Md5 is { } stored && CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Md5Password.Stored(user, password)), Encoding.ASCII.GetBytes(stored));
    }

    /// <summary>Of <c>pg_authid.rolpassword</c>.</summary>
    /// <returns>Null: none that a client could know, or a kind that is not known here.</returns>
    public static UserSecret? Stored(string? text) =>
        text is null ? null
        : ScramSecret.Parse(text) is { } scram ? new(null, scram, null)
        : Md5Password.IsStored(text) ? new(null, null, text)
        : null;
}

/// <summary>Where the secrets of users come from. Safe from any thread.</summary>
public interface IUserSecrets
{
    /// <returns>Null: nobody of that name may log in with a password.</returns>
    /// <exception cref="IOException">Nobody could be asked.</exception>
    ValueTask<UserSecret?> FindAsync(string user, CancellationToken stop);
}

/// <summary>Those of the file.</summary>
public sealed class FileSecrets(IReadOnlyDictionary<string, UserSecret> users) : IUserSecrets
{
    readonly FrozenDictionary<string, UserSecret> _users = users.ToFrozenDictionary(StringComparer.Ordinal);

    public ValueTask<UserSecret?> FindAsync(string user, CancellationToken stop) =>
        ValueTask.FromResult(_users.GetValueOrDefault(user));
}
