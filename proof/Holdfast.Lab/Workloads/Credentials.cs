using Holdfast.Cluster.Configuration;
using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>Who the lab is when it talks SQL: the user and database <c>app</c> of the file, else the first database
/// with an owner, else the superuser.</summary>
sealed record Credentials(string User, string Password, string Database)
{
    /// <summary>Whole seconds, as Npgsql has it.</summary>
    const int ConnectLimitSeconds = 1, StatementLimitSeconds = 2;

    public static Credentials Of(ClusterFile file)
    {
        var (database, owner) = file.Postgres.Databases
            .OrderBy(pair => pair.Key is "app" ? 0 : 1)
            .FirstOrDefault(pair => pair.Value is not null);
        return database is null || owner is null
            ? Superuser(file)
            : new Credentials(owner, Secret(file, owner), database);
    }

    public static Credentials Superuser(ClusterFile file) => new("postgres", Secret(file, "postgres"), "postgres");

    /// <summary>Connections are the lab's own affair: no pool hides when one was made, or to whom.</summary>
    public string ConnectionString(string host, int port) => new NpgsqlConnectionStringBuilder
    {
        Host = host,
        Port = port,
        Username = User,
        Password = Password,
        Database = Database,
        Pooling = false,
        Timeout = ConnectLimitSeconds,
        CommandTimeout = StatementLimitSeconds,
        // Never send a cancel: a commit that is cancelled while it waits for a standby answers success.
        CancellationTimeout = -1,
        SslMode = SslMode.Disable,
        Enlist = false,
        ApplicationName = "lab",
        NoResetOnClose = true,
    }.ConnectionString;

    static string Secret(ClusterFile file, string user)
    {
        var secrets = Secrets.Resolve(file.Cluster, file, TryRead, Environment.GetEnvironmentVariable);
        return secrets.Passwords.GetValueOrDefault(user) ?? throw new LabException(secrets.Problems.IsEmpty
            ? $"the file gives {user} no password, so the lab can't log in"
            : string.Join('\n', secrets.Problems));
    }

    static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
