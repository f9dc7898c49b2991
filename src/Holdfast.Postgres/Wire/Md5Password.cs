using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>PostgreSQL's md5 authentication (PostgreSQL manual, Message Flow): old, and still asked for.</summary>
[SuppressMessage("Security", "CA5351", Justification = "The protocol's own algorithm.")]
public static class Md5Password
{
    public const int SaltBytes = 4;
    const string Prefix = "md5";

    /// <summary>What pg_authid keeps: <c>md5</c> and the hash of password and user.</summary>
    public static string Stored(string user, string password) =>
        Prefix + Hex(Encoding.UTF8.GetBytes(password + user));

    /// <summary>What a client answers to a salt.</summary>
    /// <param name="stored">As <see cref="Stored"/> gives it.</param>
    /// <param name="salt">4 bytes.</param>
    public static string Answer(string stored, ReadOnlySpan<byte> salt) =>
        Prefix + Hex([.. Encoding.ASCII.GetBytes(stored[Prefix.Length..]), .. salt]);

    public static bool IsStored(string text) =>
        text.Length == Prefix.Length + 32 && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.AsSpan(Prefix.Length).IndexOfAnyExcept("0123456789abcdef") < 0;

    static string Hex(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
}
