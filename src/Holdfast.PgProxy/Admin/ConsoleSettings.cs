namespace Holdfast.PgProxy.Admin;

/// <summary>Who may use the console (PgBouncer's admin_users and stats_users).</summary>
/// <param name="AdminUsers">All commands.</param>
/// <param name="StatsUsers">SHOW alone.</param>
public sealed record ConsoleSettings(IReadOnlyList<string> AdminUsers, IReadOnlyList<string> StatsUsers)
{
    public static readonly ConsoleSettings Closed = new([], []);

    /// <summary>PgBouncer's name of it: always the console. The other one only for those who may use it, since a
    /// database may have that name.</summary>
    public const string Database = "pgbouncer", OtherDatabase = "holdfast";

    public bool MayOrder(string user) => AdminUsers.Contains(user, StringComparer.Ordinal);

    public bool Knows(string user) => MayOrder(user) || StatsUsers.Contains(user, StringComparer.Ordinal);

    public bool IsConsole(string database, string user) => database is Database
        || (database is OtherDatabase && Knows(user));
}
