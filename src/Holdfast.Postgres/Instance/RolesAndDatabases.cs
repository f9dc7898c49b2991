namespace Holdfast.Postgres.Instance;

/// <summary>Creates what the settings name and the server lacks. The server itself quotes names and secrets.</summary>
sealed class RolesAndDatabases(InstanceSettings settings)
{
    /// <summary>Secrets must not reach the log or the statistics.</summary>
    const string Discreet = "SET log_statement = 'none'; SET log_min_duration_statement = -1;"
        + " SET log_min_error_statement = 'panic'; SET pg_stat_statements.track_utility = 'off';"
        + " SET password_encryption = 'scram-sha-256'";

    /// <summary>What pg_rewind needs of its user (PostgreSQL manual, pg_rewind, notes).</summary>
    static readonly string[] RewindFunctions =
    [
        "pg_ls_dir(text, boolean, boolean)",
        "pg_stat_file(text, boolean)",
        "pg_read_binary_file(text)",
        "pg_read_binary_file(text, bigint, bigint, boolean)",
    ];

    public async Task<StepResult> CreateAsync(SqlSession session, CancellationToken stop)
    {
        await session.ExecuteAsync(Discreet, stop);
        await SetRoleAsync(session, settings.Superuser, "SUPERUSER", stop);
        if (settings.Replication.User != settings.Superuser.User)
            await SetRoleAsync(session, settings.Replication, "REPLICATION", stop);
        if (settings.Rewind.User != settings.Superuser.User)
        {
            await SetRoleAsync(session, settings.Rewind, "", stop);
            foreach (var function in RewindFunctions)
            {
                var grant = $"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO %I";
                await FormatAsync(session, grant, [settings.Rewind.User], stop);
            }
        }
        string[] own = [settings.Superuser.User, settings.Replication.User, settings.Rewind.User];
        foreach (var (name, password) in settings.Roles.Where(role => !own.Contains(role.Key, StringComparer.Ordinal)))
            await SetRoleAsync(session, new Credentials(name, password), "", stop);
        foreach (var (name, owner) in settings.Databases)
            await CreateDatabaseAsync(session, name, owner ?? settings.Superuser.User, stop);
        return StepResult.Done;
    }

    static async Task SetRoleAsync(SqlSession session, Credentials role, string attributes, CancellationToken stop)
    {
        if (await session.ScalarAsync("SELECT true FROM pg_roles WHERE rolname = $1", [role.User], stop) is null)
            await FormatAsync(session, "CREATE ROLE %I", [role.User], stop);
        if (role.Password is { } password)
            await FormatAsync(session, $"ALTER ROLE %I LOGIN {attributes} PASSWORD %L", [role.User, password], stop);
        else
            await FormatAsync(session, $"ALTER ROLE %I LOGIN {attributes}", [role.User], stop);
    }

    static async Task CreateDatabaseAsync(SqlSession session, string name, string owner, CancellationToken stop)
    {
        if (await session.ScalarAsync("SELECT true FROM pg_database WHERE datname = $1", [name], stop) is null)
            await FormatAsync(session, "CREATE DATABASE %I OWNER %I", [name, owner], stop);
    }

    static async Task FormatAsync(SqlSession session, string format, string[] arguments, CancellationToken stop)
    {
        var places = string.Concat(arguments.Select((_, at) => $", ${at + 2}::text"));
        var sql = await session.ScalarAsync($"SELECT format($1::text{places})", [format, .. arguments], stop);
        await session.ExecuteAsync(sql!, stop);
    }
}
