namespace Holdfast.Cluster.Model;

/// <summary>
/// The fencing term: base + <c>mod_revision</c> of the leader key. It only grows; whoever has seen a newer one
/// refuses an older one. <see cref="None"/> is older than every term.
/// </summary>
public readonly record struct Term(long Value) : IComparable<Term>
{
    public static readonly Term None;

    public int CompareTo(Term other) => Value.CompareTo(other.Value);
    public static bool operator <(Term left, Term right) => left.Value < right.Value;
    public static bool operator >(Term left, Term right) => left.Value > right.Value;
    public static bool operator <=(Term left, Term right) => left.Value <= right.Value;
    public static bool operator >=(Term left, Term right) => left.Value >= right.Value;
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
