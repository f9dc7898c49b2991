using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Agent.Rest;

/// <summary>The conditions that a health check adds in its query:
/// <c>?lag=10MB&amp;replication_state=streaming&amp;tag_x=y</c>.</summary>
sealed record HealthQuery
{
    public static readonly HealthQuery None = new();

    /// <summary>Bytes; null: no limit.</summary>
    public ulong? Lag { get; init; }

    /// <summary>True: readiness compares what was received rather than what was replayed (<c>mode=write</c>).</summary>
    public bool ModeWrite { get; init; }
    public string? ReplicationState { get; init; }
    public ImmutableArray<(string Name, string Value)> Tags { get; init; } = [];

    /// <param name="text">With or without the question mark. The first of several equal names counts.</param>
    public static HealthQuery Parse(string? text)
    {
        var query = None;
        if (string.IsNullOrEmpty(text) || text == "?")
            return query;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in text.TrimStart('?').Split('&'))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || at == part.Length - 1)
                continue;
            var name = Decode(part[..at]);
            if (seen.Add(name))
                query = query.With(name, Decode(part[(at + 1)..]));
        }
        return query;
    }

    HealthQuery With(string name, string value) => name switch
    {
        "lag" => this with { Lag = ParseBytes(value) },
        "mode" => this with { ModeWrite = value == "write" },
        "replication_state" => this with { ReplicationState = value },
        _ when name.StartsWith("tag_", StringComparison.Ordinal) => this with { Tags = Tags.Add((name[4..], value)) },
        _ => this,
    };

    static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    /// <summary>Bytes from PostgreSQL's units (<c>512kB</c>, <c>16MB</c>), or a bare number of bytes; null:
    /// neither.</summary>
    internal static ulong? ParseBytes(string text)
    {
        var digits = text.AsSpan().Trim();
        var end = digits.IndexOfAnyExcept("0123456789.");
        var unit = end < 0 ? "" : digits[end..].Trim().ToString();
        var scale = unit switch
        {
            "" or "B" => 1d,
            "kB" => 1024d,
            "MB" => 1024d * 1024,
            "GB" => 1024d * 1024 * 1024,
            "TB" => 1024d * 1024 * 1024 * 1024,
            _ => 0,
        };
        var number = end < 0 ? digits : digits[..end];
        return scale > 0
            && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value * scale < long.MaxValue
            ? (ulong)Math.Round(value * scale)
            : null;
    }
}
