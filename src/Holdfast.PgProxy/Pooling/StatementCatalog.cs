using System.Diagnostics.CodeAnalysis;

namespace Holdfast.PgProxy.Pooling;

/// <summary>The texts that clients of one loop have prepared now, each once. On the loop's thread only.</summary>
internal sealed class StatementCatalog
{
    static long s_number;

    readonly Dictionary<byte[], PreparedStatement> _statements = new(ByteComparer.Instance);
    readonly Dictionary<byte[], PreparedStatement>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    public StatementCatalog() => _byBytes = _statements.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _statements.Count;

    /// <param name="rest">Of the Parse message, after the name.</param>
    public PreparedStatement Take(ReadOnlySpan<byte> rest)
    {
        if (!_byBytes.TryGetValue(rest, out var statement))
        {
            statement = new PreparedStatement(Interlocked.Increment(ref s_number), rest);
            _statements.Add(statement.Rest, statement);
        }
        statement.Users++;
        return statement;
    }

    public void Drop(PreparedStatement statement)
    {
        if (--statement.Users == 0)
            _statements.Remove(statement.Rest);
    }
}

/// <summary>Bytes by their content.</summary>
internal sealed class ByteComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly ByteComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(alternate);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
