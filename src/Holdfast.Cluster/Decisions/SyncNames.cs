using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Cluster.Model;

namespace Holdfast.Cluster.Decisions;

/// <summary>
/// PostgreSQL's synchronous_standby_names in the forms that Patroni writes (PostgreSQL manual, 20.6.1): <c>ANY n
/// ("a","b")</c>, or, when <paramref name="Listed"/>, <c>"a"</c> and <c>2 ("a","b")</c>, where all must acknowledge.
/// <paramref name="Count"/> of <paramref name="Standbys"/> must acknowledge; nobody: commits wait for no standby.
/// </summary>
public sealed record SyncNames(int Count, ImmutableArray<NodeName> Standbys, bool Listed = false)
{
    /// <summary>Patroni's word for "nobody is there and writes must wait" (strict mode).</summary>
    public const string StrictPlaceholder = "__patroni_strict_sync_replica_placeholder__";

    public static readonly SyncNames Nobody = new(0, []);

    /// <summary>For a set without standbys: nobody, or in strict mode the placeholder that makes commits
    /// wait.</summary>
    public static SyncNames WithoutStandbys(bool strict, bool listed) =>
        strict ? new(1, [new NodeName(StrictPlaceholder)], listed) : Nobody;

    /// <summary>All of <paramref name="standbys"/> must acknowledge.</summary>
    public static SyncNames AllOf(ImmutableArray<NodeName> standbys) => new(standbys.Length, standbys, Listed: true);

    /// <summary>The setting's text; parsed back by <see cref="Parse"/>. A comma without a space, as Patroni writes
    /// it.</summary>
    public string Text => (Count, Listed) switch
    {
        (0, _) => "",
        (1, true) => Quoted(Standbys[0]),
        (_, true) => string.Create(CultureInfo.InvariantCulture, $"{Count} ({List})"),
        _ => string.Create(CultureInfo.InvariantCulture, $"ANY {Count} ({List})"),
    };

    string List => string.Join(',', Standbys.Select(Quoted));

    static string Quoted(NodeName name) => name.Value == StrictPlaceholder
        ? name.Value
        : $"\"{name.Value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Reads a setting in one of our forms; null for anything else (somebody else wrote it).</summary>
    public static SyncNames? Parse(string text)
    {
        const string Any = "ANY ";
        var trimmed = text.Trim();
        if (trimmed.Length == 0)
            return Nobody;
        var open = trimmed.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
            return trimmed.AsSpan().IndexOfAny(",* ") < 0 ? AllOf([Unquoted(trimmed)]) : null;
        var listed = !trimmed.StartsWith(Any, StringComparison.Ordinal);
        var number = trimmed.AsSpan(listed ? 0 : Any.Length, open - (listed ? 0 : Any.Length)).Trim();
        if (trimmed[^1] != ')' || !int.TryParse(number, CultureInfo.InvariantCulture, out var count))
            return null;
        ImmutableArray<NodeName> names =
            [.. trimmed[(open + 1)..^1].Split(',').Select(Unquoted).Where(name => name.Value.Length > 0).Order()];
        // A list of which only some must acknowledge is not of our making: who those are changes with the connections.
        return listed && names.Length != count ? null : new SyncNames(count, names, listed);
    }

    static NodeName Unquoted(string part) => new(part.Trim().Trim('"'));

    public bool Equals(SyncNames? other) =>
        other is not null && Count == other.Count && Listed == other.Listed
        && Standbys.AsSpan().SequenceEqual(other.Standbys.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Count, Listed, Standbys.Length);
}

/// <summary>The key <c>sync</c> as this node would write it.</summary>
public sealed record SyncKey(NodeName Leader, ImmutableArray<NodeName> Standbys, int Quorum)
{
    public bool Equals(SyncKey? other) =>
        other is not null && Leader == other.Leader && Quorum == other.Quorum
        && Standbys.AsSpan().SequenceEqual(other.Standbys.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Leader, Quorum, Standbys.Length);
}
