using System.Text;

namespace Holdfast.PgProxy.Admin;

/// <summary>One line of the console, taken apart: words, and what stands in quotes.</summary>
/// <param name="Words">As they were written, without their quotes.</param>
internal sealed record ConsoleCommand(IReadOnlyList<string> Words)
{
    /// <summary>In upper case; empty: nothing was said.</summary>
    public string Verb => Words.Count > 0 ? Words[0].ToUpperInvariant() : "";

    /// <summary>What it is about; null: it names nothing.</summary>
    public string? Object => Words.Count > 1 ? Words[1] : null;

    /// <returns>Null, with the problem: a quote without its end, or a second command.</returns>
    public static ConsoleCommand? Read(string text, out string problem)
    {
        var words = new List<string>();
        problem = "";
        var rest = text.AsSpan().Trim();
        while (!rest.IsEmpty && rest[0] != ';')
        {
            if (TakeWord(ref rest) is not { } word)
            {
                problem = "a quote has no end";
                return null;
            }
            words.Add(word);
            rest = rest.TrimStart();
        }
        if (!rest.Trim(" \t\r\n;").IsEmpty)
        {
            problem = "one command at a time: there is more behind the ';'";
            return null;
        }
        return new ConsoleCommand(words);
    }

    static string? TakeWord(ref ReadOnlySpan<char> rest)
    {
        if (rest[0] is '"' or '\'')
            return TakeQuoted(ref rest);
        if (rest[0] == '=')
        {
            rest = rest[1..];
            return "=";
        }
        var end = rest.IndexOfAny(" \t\r\n;=\"'");
        var word = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? default : rest[end..];
        return word;
    }

    // The quote itself is written twice within.
    static string? TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        var (quote, text) = (rest[0], new StringBuilder());
        for (var at = 1; at < rest.Length; at++)
        {
            if (rest[at] != quote)
            {
                text.Append(rest[at]);
            }
            else if (at + 1 < rest.Length && rest[at + 1] == quote)
            {
                text.Append(quote);
                at++;
            }
            else
            {
                rest = rest[(at + 1)..];
                return text.ToString();
            }
        }
        return null;
    }
}
