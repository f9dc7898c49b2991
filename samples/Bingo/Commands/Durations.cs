using System.Globalization;

namespace Bingo.Commands;

/// <summary>Times as people write them: <c>500ms</c>, <c>60s</c>, <c>5m</c>.</summary>
static class Durations
{
    static readonly (string Word, TimeSpan Size)[] s_units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)),
    ];

    /// <summary>Null when the text is none, or longer than a day.</summary>
    public static TimeSpan? Read(string text)
    {
        foreach (var (word, size) in s_units)
        {
            if (text.EndsWith(word, StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(..^word.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                && n <= TimeSpan.FromDays(1) / size)
                return n * size;
        }
        return null;
    }
}
