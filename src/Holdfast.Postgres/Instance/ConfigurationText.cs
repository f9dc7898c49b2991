using System.Collections.Immutable;
using System.Text;

namespace Holdfast.Postgres.Instance;

/// <summary>The text of postgresql.conf (PostgreSQL manual, 20.1): one <c>name = 'value'</c> per line, values
/// quoted.</summary>
static class ConfigurationText
{
    public const string Header = "# Written by holdfast: changes made here are lost.";
    public const string BaseFile = "postgresql.base.conf";

    public static string Format(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var text = new StringBuilder()
            .Append(Header).Append(" What initdb wrote is in the file below.\n")
            .Append("include '").Append(BaseFile).Append("'\n");
        foreach (var (name, value) in parameters)
            text.Append(name).Append(" = ").Append(Quote(value)).Append('\n');
        return text.ToString();
    }

    /// <summary>Reads back what <see cref="Format"/> wrote; other lines are passed over.</summary>
    public static ImmutableSortedDictionary<string, string> Parse(string text)
    {
        var parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var equals = line.IndexOf(" = '", StringComparison.Ordinal);
            if (equals > 0 && line.EndsWith('\'') && IsName(line[..equals]))
                parameters[line[..equals]] = Unquote(line[(equals + 4)..^1]);
        }
        return parameters.ToImmutable();
    }

    /// <summary>A parameter's name, an extension's included: <c>work_mem</c>, <c>pg_stat_statements.max</c>.</summary>
    public static bool IsName(string name) =>
        name.Length > 0
        && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '$');

    public static string Quote(string value)
    {
        var text = new StringBuilder("'");
        foreach (var letter in value)
        {
            text.Append(letter switch
            {
                '\'' => "''",
                '\\' => @"\\",
                '\n' => @"\n",
                '\r' => @"\r",
                _ => letter.ToString(),
            });
        }
        return text.Append('\'').ToString();
    }

    static string Unquote(string quoted)
    {
        var text = new StringBuilder();
        for (var at = 0; at < quoted.Length; at++)
        {
            if (quoted[at] == '\'' && at + 1 < quoted.Length)
            {
                text.Append('\'');
                at++;
            }
            else if (quoted[at] == '\\' && at + 1 < quoted.Length)
            {
                at++;
                text.Append(quoted[at] switch { 'n' => '\n', 'r' => '\r', var other => other });
            }
            else
            {
                text.Append(quoted[at]);
            }
        }
        return text.ToString();
    }

    /// <summary>The lines of postgresql.auto.conf (ALTER SYSTEM) without the settings that are ours alone.</summary>
    public static string WithoutOurs(string automatic)
    {
        var kept = automatic.Split('\n').Where(line =>
        {
            var name = line.Split('=')[0].Trim();
            return !IsName(name) || !ServerParameters.IsOurs(name.ToLowerInvariant());
        });
        return string.Join('\n', kept);
    }
}
