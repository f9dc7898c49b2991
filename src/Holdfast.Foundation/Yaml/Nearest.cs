namespace Holdfast.Foundation.Yaml;

/// <summary>Which of the right words somebody may have meant.</summary>
public static class Nearest
{
    /// <summary>A shorter part that two words have in common says little.</summary>
    const int PartLettersMin = 8;

    /// <summary>
    /// The candidate with the fewest edits (insert, delete, replace, swap two neighbours; letter case counts for
    /// nothing), the first of equals; or else one that <paramref name="word"/> begins or ends, or that begins or ends
    /// it; null when even that one has little in common with it.
    /// </summary>
    public static string? Word(string word, IEnumerable<string> candidates)
    {
        var lower = word.ToLowerInvariant();
        var ranked = candidates
            .Select(candidate => (Candidate: candidate, Edits: Edits(lower, candidate.ToLowerInvariant())))
            .OrderBy(pair => pair.Edits)
            .ToList();
        var allowed = Math.Max(1, word.Length / 3);
        return ranked is [var best, ..] && best.Edits <= allowed && best.Edits < word.Length
            ? best.Candidate
            : ranked.Find(pair => AreAkin(lower, pair.Candidate.ToLowerInvariant())).Candidate;
    }

    static bool AreAkin(string a, string b)
    {
        var (part, whole) = a.Length < b.Length ? (a, b) : (b, a);
        return part.Length >= PartLettersMin
            && (whole.StartsWith(part, StringComparison.Ordinal) || whole.EndsWith(part, StringComparison.Ordinal));
    }

    /// <summary>The end of a sentence: <c>; did you mean 'x'?</c>, or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> candidates) =>
        Word(word, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    static int Edits(string from, string to)
    {
        var table = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
            table[i, 0] = i;
        for (var j = 0; j <= to.Length; j++)
            table[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = table[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                var edits = Math.Min(replace, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                var swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                table[i, j] = swapped ? Math.Min(edits, table[i - 2, j - 2] + 1) : edits;
            }
        }
        return table[from.Length, to.Length];
    }
}
