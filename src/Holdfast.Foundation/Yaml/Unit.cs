using System.Collections.Immutable;
using System.Globalization;

namespace Holdfast.Foundation.Yaml;

/// <summary>A kind of quantity and the units it is written in. The words are PostgreSQL's own.</summary>
public sealed class Unit
{
    public static readonly Unit Duration = new(
        "duration",
        "30s",
        [
            ("us", TimeSpan.TicksPerMicrosecond), ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond),
            ("min", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
        ]);

    public static readonly Unit Bytes = new(
        "size", "512MB", [("B", 1), ("kB", 1L << 10), ("MB", 1L << 20), ("GB", 1L << 30), ("TB", 1L << 40)]);

    readonly ImmutableArray<(string Word, long Size)> _units;

    Unit(string name, string example, ImmutableArray<(string Word, long Size)> units)
    {
        Name = name;
        Example = example;
        _units = units;
    }

    public string Name { get; }
    public string Example { get; }
    public IEnumerable<string> Words => _units.Select(unit => unit.Word);

    /// <summary>The unit of that name in a schema's <c>x-unit</c>.</summary>
    public static Unit Of(string name) => name switch
    {
        "duration" => Duration,
        "bytes" => Bytes,
        _ => throw new FormatException($"unknown x-unit '{name}'; expected duration or bytes"),
    };

    /// <summary>A duration such as <c>30s</c>; null when the text is none.</summary>
    public static TimeSpan? ReadDuration(string text) =>
        Duration.Read(text) is { } ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>A number of bytes such as <c>512MB</c>; null when the text is none.</summary>
    public static long? ReadBytes(string text) => Bytes.Read(text);

    /// <summary>What is wrong with the text as such a quantity, to follow its key; null if nothing.</summary>
    public string? Problem(string text)
    {
        if (Read(text) is not null)
            return null;
        var (number, word) = Split(text);
        var expected = $"expected one of {string.Join(", ", Words)}";
        if (Amount(number) is null)
            return $"must be a {Name} such as {Example}, not '{text}'";
        if (word.Length == 0)
            return $"lacks a unit: '{text}'; {expected}";
        return Words.Contains(word, StringComparer.Ordinal)
            ? $"is too large: '{text}'"
            : $"has the unknown unit '{word}' in '{text}'; {expected}{Nearest.Hint(word, Words)}";
    }

    long? Read(string text)
    {
        var (number, word) = Split(text);
        var size = _units.FirstOrDefault(unit => string.Equals(unit.Word, word, StringComparison.Ordinal)).Size;
        return size > 0 && Amount(number) is { } amount && amount <= (decimal)long.MaxValue / size
            ? (long)(amount * size)
            : null;
    }

    static decimal? Amount(string number) =>
        decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            ? amount
            : null;

    static (string Number, string Word) Split(string text)
    {
        var end = text.AsSpan().IndexOfAnyExcept("0123456789.");
        return end < 0 ? (text, "") : (text[..end], text[end..].TrimStart());
    }
}
