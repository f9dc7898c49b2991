using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// PostgreSQL's synchronous_standby_names in the one form that we write: <c>ANY n ("a","b")</c> (PostgreSQL manual,
/// 20.6.1). <see cref="Count"/> of <see cref="Standbys"/> must acknowledge; nobody: commits wait for no standby.
/// </summary>
public sealed record SyncNames(int Count, ImmutableArray<NodeName> Standbys)
{
    /// <summary>Patroni's word for "nobody is there and writes must wait" (strict mode).</summary>
    public const string StrictPlaceholder = "__patroni_strict_sync_replica_placeholder__";

    public static readonly SyncNames Nobody = new(0, []);
    public static readonly SyncNames NobodyStrict = new(1, [new NodeName(StrictPlaceholder)]);

    /// <summary>The setting's text; parsed back by <see cref="Parse"/>. A comma without a space, as Patroni writes
    /// it.</summary>
    public string Text => Count == 0
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture,
            $"ANY {Count} ({string.Join(',', Standbys.Select(Quoted))})");

    static string Quoted(NodeName name) => $"\"{name.Value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Reads a setting in our form; null for anything else (somebody else wrote it).</summary>
    public static SyncNames? Parse(string text)
    {
        if (text.Trim().Length == 0)
            return Nobody;
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (!text.StartsWith("ANY ", StringComparison.Ordinal) || open < 0 || text[^1] != ')'
            || !int.TryParse(text.AsSpan(4, open - 4).Trim(), CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }
        var names = text[(open + 1)..^1].Split(',').Select(part => part.Trim().Trim('"'));
        return new SyncNames(count,
            [.. names.Where(name => name.Length > 0).Select(name => new NodeName(name)).Order()]);
    }

    public bool Equals(SyncNames? other) =>
        other is not null && Count == other.Count && Standbys.AsSpan().SequenceEqual(other.Standbys.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Count, Standbys.Length);
}

/// <summary>The key <c>sync</c> as this node would write it.</summary>
public sealed record SyncKey(NodeName Leader, ImmutableArray<NodeName> Standbys, int Quorum)
{
    public bool Equals(SyncKey? other) =>
        other is not null && Leader == other.Leader && Quorum == other.Quorum
        && Standbys.AsSpan().SequenceEqual(other.Standbys.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Leader, Quorum, Standbys.Length);
}
