using System.Collections.Immutable;
using System.Text;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a client wants its session to be set to, out of its startup message. Pure.</summary>
internal static class StartupSettings
{
    /// <summary>Settings by name, in small letters; <c>options</c> taken apart where it holds settings alone: then
    /// clients that say the same in another way can share servers. What stands by itself outdoes what stands there, as
    /// in PostgreSQL.</summary>
    /// <param name="startup">The client's message.</param>
    /// <param name="ignored">Names that are dropped, in small letters (PgBouncer: ignore_startup_parameters).</param>
    public static ImmutableSortedDictionary<string, string> Of(
        StartupParameters startup, IReadOnlySet<string> ignored)
    {
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in startup.Settings)
        {
            if (!string.Equals(name, "options", StringComparison.Ordinal))
                continue;
            if (Options(value) is not { } options)
                settings[name] = value;
            foreach (var (option, set) in Options(value) ?? [])
                settings[option] = set;
        }
        foreach (var (name, value) in startup.Settings)
        {
            if (!string.Equals(name, "options", StringComparison.Ordinal))
                settings[name.ToLowerInvariant()] = value;
        }
        settings.RemoveRange(ignored);
        return settings.ToImmutable();
    }

    /// <summary>Reads <c>-c name=value</c>, <c>-cname=value</c> and <c>--name=value</c>; a backslash takes the next
    /// character's meaning away (PostgreSQL: pg_split_opts, ParseLongOption).</summary>
    /// <returns>Null: it says something else, too, which only a server understands.</returns>
    public static List<KeyValuePair<string, string>>? Options(string text)
    {
        var settings = new List<KeyValuePair<string, string>>();
        var words = Words(text);
        for (var at = 0; at < words.Count; at++)
        {
            var setting = words[at] switch
            {
                "-c" or "--" when at + 1 >= words.Count => null,
                "-c" => words[++at],
                ['-', 'c', .. var rest] => rest,
                ['-', '-', .. var rest] => rest,
                _ => null,
            };
            if (setting?.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals))
                return null;
            var name = setting[..equals].Replace('-', '_').ToLowerInvariant();
            settings.Add(new(name, setting[(equals + 1)..]));
        }
        return settings;
    }

    static List<string> Words(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }
            var word = new StringBuilder();
            for (; at < text.Length && !char.IsWhiteSpace(text[at]); at++)
            {
                if (text[at] == '\\' && at + 1 < text.Length)
                    at++;
                word.Append(text[at]);
            }
            words.Add(word.ToString());
        }
        return words;
    }
}
