using System.Globalization;

namespace Holdfast.Cluster.Model;

/// <summary>A position in the write-ahead log, in bytes (PostgreSQL manual, pg_lsn).</summary>
public readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    public static readonly Lsn Zero;

    /// <summary>Reads PostgreSQL's own text, two hexadecimal halves: <c>0/3000060</c>.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static Lsn Parse(string text) => TryParse(text)
        ?? throw new FormatException($"'{text}' is not a WAL position such as 0/3000060");

    /// <inheritdoc cref="Parse"/>
    /// <returns>Null: the text is not of that form.</returns>
    public static Lsn? TryParse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            && uint.TryParse(text.AsSpan(0, slash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(text.AsSpan(slash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var low)
            ? new Lsn(((ulong)high << 32) | low)
            : null;
    }

    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);
    public static bool operator <(Lsn left, Lsn right) => left.Value < right.Value;
    public static bool operator >(Lsn left, Lsn right) => left.Value > right.Value;
    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;
    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    public override string ToString() => $"{Value >> 32:X}/{Value & 0xFFFFFFFF:X}";
}
