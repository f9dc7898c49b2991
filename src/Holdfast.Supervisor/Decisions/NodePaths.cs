namespace Holdfast.Supervisor.Decisions;

/// <summary>Where things are on one host. All paths are absolute.</summary>
/// <param name="Data">What outlives a restart (--data).</param>
/// <param name="Run">What lives as long as the machine runs (--run); a tmpfs in production.</param>
/// <param name="Binary">This program, which is also the agent, the proxy and the edge.</param>
public sealed record NodePaths(string Data, string Run, string Binary)
{
    /// <summary>The cgroup v2 folder of this node's programs; null where none may be made.</summary>
    public string? CgroupBase { get; init; }

    /// <summary>Belongs to PostgreSQL's user: the agent is in its leaf <c>agent</c> and makes the leaf
    /// <c>postgres</c>.</summary>
    public string? CgroupParent => CgroupBase is null ? null : Path.Combine(CgroupBase, PostgresGroup);

    public const string PostgresGroup = "pg";

    public string EtcdData => Path.Combine(Data, "etcd");
    public string PostgresHome => Path.Combine(Data, "postgres");
    public string PostgresData => Path.Combine(PostgresHome, "data");
    public string PgProxyState => Path.Combine(Data, "pgproxy");
    public string EdgeState => Path.Combine(Data, "edge");

    /// <summary>Holds each app's folder, and beside it the mark that it was prepared.</summary>
    public string Apps => Path.Combine(Data, "apps");

    /// <summary>The app's own: its working directory and its HOME.</summary>
    public string AppFolder(string app) => Path.Combine(Apps, app);

    /// <summary>Names the command by which the cluster was once prepared; for times without a store.</summary>
    public string PreparedMark(string app) => Path.Combine(Apps, $"{app}.prepared");
    public string AgentState => Path.Combine(Data, "agent");
    public string Logs => Path.Combine(Data, "log");
    public string LogOf(string program) => Path.Combine(Logs, $"{program}.jsonl");

    public string SupervisorSocket => Path.Combine(Run, "supervisor.sock");
    public string SupervisorLock => Path.Combine(Run, "supervisor.lock");
    public string FenceSocket => Path.Combine(Run, "fence.sock");
    public string FenceFile => Path.Combine(Run, "fence.json");
    public string AgentFile => Path.Combine(Run, "agent.yml");
    public string PgProxyFolder => Path.Combine(Run, "pgproxy");
    public string PgProxyFile => Path.Combine(PgProxyFolder, "holdfast.yml");
    public string PgProxyUsersFile => Path.Combine(PgProxyFolder, "users.txt");
    public string EdgeFolder => Path.Combine(Run, "edge");
    public string EdgeFile => Path.Combine(EdgeFolder, "holdfast.yml");
    public string PostgresSocketFolder => Path.Combine(Run, "postgres");
    public string RawFolder => Path.Combine(Run, "raw");
    public string RawOf(string program) => Path.Combine(RawFolder, $"{program}.out");

    /// <summary>Where PostgreSQL itself writes to; ends up in a log like a program's.</summary>
    public string PostgresRaw => RawOf(Postgres);
    public const string Postgres = "postgres";

    /// <summary>Each program's own line of /proc/PID/stat, written by itself before it became the program.</summary>
    public string RecordFolder => Path.Combine(Run, "programs");
    public string RecordOf(string program) => Path.Combine(RecordFolder, program);
}
