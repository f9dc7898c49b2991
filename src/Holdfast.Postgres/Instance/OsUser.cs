using System.Globalization;

namespace Holdfast.Postgres.Instance;

/// <summary>A user of the operating system, as /etc/passwd describes it (passwd(5)).</summary>
sealed record OsUser(string Name, uint UserId, uint GroupId, string Home)
{
    /// <summary>The user to become; null when there is nothing to become: no name given, or we are not root.</summary>
    /// <exception cref="InvalidOperationException">There is no such user.</exception>
    public static OsUser? ToBecome(string? name) =>
        name is null || !Environment.IsPrivilegedProcess ? null
        : Parse(File.ReadLines("/etc/passwd"), name)
            ?? throw new InvalidOperationException($"no user '{name}' in /etc/passwd: create it, or name another one");

    public static OsUser? Parse(IEnumerable<string> lines, string name)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(':');
            if (fields.Length >= 6 && fields[0] == name
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var user)
                && uint.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var group))
            {
                return new OsUser(name, user, group, fields[5]);
            }
        }
        return null;
    }
}
