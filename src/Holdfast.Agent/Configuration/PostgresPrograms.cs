using System.Globalization;

namespace Holdfast.Agent.Configuration;

/// <summary>Where PostgreSQL's programs are when the file does not say.</summary>
internal static class PostgresPrograms
{
    const string DebianFolder = "/usr/lib/postgresql";

    static readonly string[] Needed =
        ["postgres", "initdb", "pg_controldata", "pg_basebackup", "pg_rewind", "pg_waldump"];

    /// <summary>The first folder of PATH with the server in it, as in Patroni; else the newest version of Debian's
    /// packages.</summary>
    public static string? Find(string? path) =>
        (path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(HasServer)
        ?? Versions()
            .OrderByDescending(VersionOf)
            .Select(version => Path.Combine(version, "bin"))
            .FirstOrDefault(HasServer);

    // All of them: a folder of a few links (such as /usr/local/bin often is) will not do.
    static bool HasServer(string folder) => Needed.All(program => File.Exists(Path.Combine(folder, program)));

    static string[] Versions() => Directory.Exists(DebianFolder) ? Directory.GetDirectories(DebianFolder) : [];

    static double VersionOf(string folder) =>
        double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0;
}
