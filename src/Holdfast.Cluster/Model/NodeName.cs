namespace Holdfast.Cluster.Model;

/// <summary>The name of a cluster member: a host of the cluster file, or a Patroni member. Compared by
/// ordinal.</summary>
public readonly record struct NodeName(string Value) : IComparable<NodeName>
{
    /// <summary>The replication slot of this member, by Patroni's rule: lower case, all but letters and digits become
    /// '_'.</summary>
    public string SlotName =>
        string.Concat(Value.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    public int CompareTo(NodeName other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
}
