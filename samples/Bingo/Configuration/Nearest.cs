namespace Bingo.Configuration;

/// <summary>Which of the right words somebody may have meant.</summary>
static class Nearest
{
    /// <summary>The end of a sentence: <c>; did you mean 'x'?</c>, or nothing when no candidate is near.</summary>
    public static string Hint(string word, IEnumerable<string> candidates)
    {
        var (best, edits) = candidates
            .Select(candidate => (Word: candidate, Edits: Edits(word.ToLowerInvariant(), candidate)))
            .OrderBy(pair => pair.Edits)
            .FirstOrDefault(("", int.MaxValue));
        return edits <= Math.Max(1, word.Length / 3) ? $"; did you mean '{best}'?" : "";
    }

    // Insertions, deletions and replacements, row by row.
    static int Edits(string from, string to)
    {
        var above = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var row = new int[to.Length + 1];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replaced = above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                row[j] = Math.Min(replaced, 1 + Math.Min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[^1];
    }
}
