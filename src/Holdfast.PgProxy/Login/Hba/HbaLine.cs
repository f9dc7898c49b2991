using System.Collections.Immutable;
using System.Text;

namespace Holdfast.PgProxy.Login.Hba;

/// <summary>A line of pg_hba.conf taken apart: fields between blanks, each a list between commas (PostgreSQL's
/// next_token and next_field_expand).</summary>
internal static class HbaLine
{
    /// <returns>The fields; null: a quote is not closed.</returns>
    public static List<ImmutableArray<HbaWord>>? Split(string line)
    {
        var fields = new List<ImmutableArray<HbaWord>>();
        var field = ImmutableArray.CreateBuilder<HbaWord>();
        var at = 0;
        while (SkipTo(line, ref at))
        {
            if (Word(line, ref at) is not { } word)
                return null;
            field.Add(word);
            // A comma, blanks around it or not, goes on with the list.
            if (at < line.Length && line[at] == ',')
                continue;
            fields.Add(field.ToImmutable());
            field.Clear();
        }
        if (field.Count > 0)
            fields.Add(field.ToImmutable());
        return fields;
    }

    // False: the rest is blank, or a comment.
    static bool SkipTo(string line, ref int at)
    {
        while (at < line.Length && (IsBlank(line[at]) || line[at] == ','))
            at++;
        return at < line.Length && line[at] != '#';
    }

    static HbaWord? Word(string line, ref int at)
    {
        var text = new StringBuilder();
        var (isQuoted, isInside) = (line[at] == '"', false);
        for (; at < line.Length; at++)
        {
            var c = line[at];
            if (c == '"')
            {
                // Two within quotes are one.
                if (isInside && at + 1 < line.Length && line[at + 1] == '"')
                    text.Append(line[at++]);
                else
                    isInside = !isInside;
            }
            else if (!isInside && (IsBlank(c) || c is ',' or '#'))
            {
                break;
            }
            else
            {
                text.Append(c);
            }
        }
        return isInside ? null : new HbaWord(text.ToString(), isQuoted);
    }

    static bool IsBlank(char c) => c is ' ' or '\t' or '\r';
}
