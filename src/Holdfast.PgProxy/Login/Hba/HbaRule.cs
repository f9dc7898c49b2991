using System.Collections.Immutable;
using System.Net;

namespace Holdfast.PgProxy.Login.Hba;

/// <summary>How a client must prove who it is (PostgreSQL manual, The pg_hba.conf File).</summary>
public enum HbaMethod
{
    /// <summary>It is who it says.</summary>
    Trust,

    /// <summary>It may not come in.</summary>
    Reject,

    /// <summary>Its password in clear.</summary>
    Password,

    /// <summary>md5 where the password or that hash is known, else SCRAM.</summary>
    Md5,
    ScramSha256,

    /// <summary>A certificate made out to its name.</summary>
    Cert,
}

/// <summary>Whether a rule asks for a client's certificate beside its method.</summary>
public enum HbaCertificate
{
    NotAsked,

    /// <summary>Any that an authority of the proxy's has signed.</summary>
    VerifyCa,

    /// <summary>One that is made out to the user's name, too.</summary>
    VerifyFull,
}

/// <summary>Which connections a rule is about.</summary>
internal enum HbaConnection
{
    Any,
    Encrypted,
    InClear,
}

/// <summary>A word of the file; in quotes it has no other meaning than itself.</summary>
internal readonly record struct HbaWord(string Text, bool IsQuoted)
{
    public bool IsKeyword(string word) => !IsQuoted && string.Equals(Text, word, StringComparison.Ordinal);
}

/// <summary>Addresses that begin with the same bits.</summary>
/// <param name="Bytes">4 or 16; none: every address.</param>
/// <param name="Bits">How many of them count.</param>
internal sealed record HbaRange(ImmutableArray<byte> Bytes, int Bits)
{
    public static readonly HbaRange All = new([], 0);

    public static HbaRange Of(IPAddress address, int bits) => new([.. address.GetAddressBytes()], bits);

    public bool Contains(ReadOnlySpan<byte> address)
    {
        if (Bytes.IsEmpty)
            return true;
        if (address.Length != Bytes.Length)
            return false;
        var (whole, rest) = (Bits / 8, Bits % 8);
        return address[..whole].SequenceEqual(Bytes.AsSpan()[..whole])
            && (rest == 0 || (address[whole] ^ Bytes[whole]) >> (8 - rest) == 0);
    }
}

/// <summary>One line of the file.</summary>
/// <param name="Line">Its number, from 1.</param>
internal sealed record HbaRule(
    int Line, HbaConnection Connection, ImmutableArray<HbaWord> Databases, ImmutableArray<HbaWord> Users,
    ImmutableArray<HbaRange> Ranges, HbaMethod Method, HbaCertificate Certificate)
{
    public bool Matches(HbaRequest request, ReadOnlySpan<byte> address)
    {
        if (Connection != HbaConnection.Any && Connection == HbaConnection.Encrypted != request.IsEncrypted)
            return false;
        if (!Databases.Any(word => IsDatabase(word, request)) || !Users.Any(word => IsUser(word, request)))
            return false;
        foreach (var range in Ranges)
        {
            if (range.Contains(address))
                return true;
        }
        return false;
    }

    // "replication" is about walsenders, which are not pooled.
    static bool IsDatabase(HbaWord word, HbaRequest request) => word.IsKeyword("all")
        || (word.IsKeyword("sameuser")
            ? string.Equals(request.Database, request.User, StringComparison.Ordinal)
            : !word.IsKeyword("replication") && string.Equals(word.Text, request.Database, StringComparison.Ordinal));

    static bool IsUser(HbaWord word, HbaRequest request) =>
        word.IsKeyword("all") || string.Equals(word.Text, request.User, StringComparison.Ordinal);
}
