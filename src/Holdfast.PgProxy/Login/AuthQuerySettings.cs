namespace Holdfast.PgProxy.Login;

/// <summary>How users that are not in the list are looked up (PgBouncer: auth_query, auth_user, auth_dbname).</summary>
/// <param name="User">Who asks; its password is in the list, or the server asks it for none.</param>
/// <param name="Database">Where.</param>
/// <param name="Query">Gives a name and what pg_authid keeps of its password; $1 is the name.</param>
public sealed record AuthQuerySettings(string User, string Database, string Query)
{
    /// <summary>PgBouncer's, which minds rolvaliduntil.</summary>
    public const string DefaultQuery =
        "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "
        + "FROM pg_authid WHERE rolname = $1 AND rolcanlogin";
}
