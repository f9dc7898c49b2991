using System.Globalization;
using System.Text;
using Holdfast.Cluster.Model;

namespace Holdfast.Postgres.Instance;

/// <summary>libpq connection strings (PostgreSQL manual, 34.1.1) and the password file (34.16).</summary>
static class Conninfo
{
    /// <summary>Without a password: that is in the file. The keep-alives notice a silent host within about five
    /// seconds.</summary>
    public static string Of(
        ServerAddress source, string user, NodeName applicationName, string passFile, string? database)
    {
        var text = new StringBuilder();
        void Add(string name, string value) =>
            text.Append(text.Length > 0 ? " " : "").Append(name).Append('=').Append(Quote(value));
        Add("host", source.Host);
        Add("port", source.Port.ToString(CultureInfo.InvariantCulture));
        Add("user", user);
        if (database is not null)
            Add("dbname", database);
        Add("application_name", applicationName.Value);
        Add("passfile", passFile);
        text.Append(" sslmode=prefer gssencmode=disable connect_timeout=3 keepalives=1 keepalives_idle=2")
            .Append(" keepalives_interval=1 keepalives_count=3 tcp_user_timeout=5000");
        return text.ToString();
    }

    public static string Quote(string value) =>
        value.Length > 0
        && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' or '/' or ':')
            ? value
            : "'"
                + value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)
                + "'";

    /// <summary>One line for each user that has a password, whatever the server.</summary>
    public static string PassFile(params IEnumerable<Credentials> users)
    {
        var text = new StringBuilder();
        foreach (var user in users.DistinctBy(user => user.User, StringComparer.Ordinal))
        {
            if (user.Password is { } password)
                text.Append("*:*:*:").Append(Escape(user.User)).Append(':').Append(Escape(password)).Append('\n');
        }
        return text.ToString();
    }

    static string Escape(string field) =>
        field.Replace(@"\", @"\\", StringComparison.Ordinal).Replace(":", @"\:", StringComparison.Ordinal);
}
