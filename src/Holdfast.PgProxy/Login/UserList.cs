using System.Collections.Immutable;
using System.Text;

namespace Holdfast.PgProxy.Login;

/// <summary>A file of users and their passwords, as PgBouncer's <c>auth_file</c> has them: on each line a name and a
/// secret in double quotes, one within doubled. The secret is in clear, or what pg_authid keeps.</summary>
public static class UserList
{
    public static string Write(IEnumerable<KeyValuePair<string, string?>> passwords)
    {
        var text = new StringBuilder();
        foreach (var (user, password) in passwords)
        {
            if (password is not null)
                text.Append($"{Quoted(user)} {Quoted(password)}\n");
        }
        return text.ToString();
    }

    /// <returns>By name; the last line of a name counts. Lines that begin with ';' are comments.</returns>
    /// <exception cref="InvalidDataException">A line is none of this; the message tells its number, not its
    /// text.</exception>
    public static ImmutableDictionary<string, UserSecret> Read(string text)
    {
        var users = ImmutableDictionary.CreateBuilder<string, UserSecret>(StringComparer.Ordinal);
        var lines = text.Split('\n');
        for (var line = 0; line < lines.Length; line++)
        {
            ReadOnlySpan<char> rest = lines[line].AsSpan().Trim();
            if (rest.IsEmpty || rest[0] == ';')
                continue;
            if (TakeQuoted(ref rest) is not { } user || TakeQuoted(ref rest) is not { } secret || !rest.IsEmpty)
                throw new InvalidDataException($"line {line + 1} of the list of users: expected \"user\" \"password\"");
            users[user] = UserSecret.Stored(secret) ?? UserSecret.Of(user, secret);
        }
        return users.ToImmutable();
    }

    static string Quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    static string? TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        if (rest.IsEmpty || rest[0] != '"')
            return null;
        var text = new StringBuilder();
        for (var at = 1; at < rest.Length; at++)
        {
            if (rest[at] != '"')
            {
                text.Append(rest[at]);
            }
            else if (at + 1 < rest.Length && rest[at + 1] == '"')
            {
                text.Append('"');
                at++;
            }
            else
            {
                rest = rest[(at + 1)..].TrimStart();
                return text.ToString();
            }
        }
        return null;
    }
}
