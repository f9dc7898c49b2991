using System.Diagnostics;
using Holdfast.Doubles;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Fencing;
using Npgsql;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>A real PostgreSQL in a node's data directory, started as the agent starts it: with its own user and
/// session, and in a cgroup if one is given. Ends with the node's folder.</summary>
sealed class RealPostgres(NodePaths paths, Cgroup? cgroup)
{
    const string Bin = "/usr/lib/postgresql/15/bin";
    const string Prologue = """[ -z "$1" ] || echo $$ >"$1"; shift; exec "$@" </dev/null >>/dev/null 2>&1""";
    readonly int _port = FreePorts.Take();

    public ProcessIdentity Postmaster { get; private set; }
    public string DataDirectory => paths.PostgresData;
    public Cgroup? Cgroup => cgroup;

    public string Connection =>
        $"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres;Pooling=false;Timeout=5;Command Timeout=0";

    public async Task StartAsync(CancellationToken stop, bool asStandby = false)
    {
        _ = UserAccount.Find("postgres")!.TryOwn(paths.PostgresHome);
        await RunAsync([$"{Bin}/initdb", "-D", DataDirectory, "-A", "trust", "--no-sync", "-U", "postgres"], stop);
        if (asStandby)
            PostgresOnDisk.PutStandbySignal(DataDirectory);
        _ = Start(
        [
            $"{Bin}/postgres", "-D", DataDirectory, "-p", $"{_port}", "-h", "127.0.0.1", "-k", "",
            "-c", "archive_mode=on", "-c", "archive_command=sleep 1000", "-c", "restart_after_crash=off",
        ], cgroup);
        await Wait.UntilAsync(() => PostgresOnDisk.Postmaster(DataDirectory) is not null, "postmaster.pid", stop);
        Postmaster = PostgresOnDisk.Postmaster(DataDirectory)!.Value;
        await Wait.UntilAsync(Accepts, "PostgreSQL accepts connections", stop);
    }

    /// <summary>The hard cases: a commit loop on the server, a COPY program in a session and a folder of its own, and
    /// an archiver that is at work.</summary>
    public async Task MakeTroubleAsync(CancellationToken stop)
    {
        await ExecuteAsync(
            """
            CREATE TABLE t(n bigint);
            CREATE PROCEDURE forever() LANGUAGE plpgsql AS $$
            BEGIN LOOP INSERT INTO t VALUES (1); COMMIT; END LOOP; END $$;
            """, stop);
        Forget("CALL forever()");
        Forget("COPY t FROM PROGRAM 'cd / && exec setsid sleep 1234'");
        await ExecuteAsync("SELECT pg_switch_wal()", stop);
        await Wait.UntilAsync(() => Count("sleep 1234") > 0, "the COPY program runs", stop);
        await Wait.UntilAsync(() => Count("sleep 1000") > 0, "the archiver's command runs", stop);
    }

    public async Task<long> CountAsync(CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync(stop);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM t", connection);
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>Everybody whom this PostgreSQL started, the postmaster included, as it is now.</summary>
    public IReadOnlyList<ProcessIdentity> Everybody()
    {
        var all = ProcessStat.All().Where(stat => stat.State != 'Z').ToList();
        var family = all.Select(stat => stat.Pid).Where(pid => pid == Postmaster.Pid || WorksHere(pid)).ToHashSet();
        while (all.Any(stat => family.Contains(stat.Parent) && family.Add(stat.Pid)))
        {
            // Grows by a generation each time.
        }
        return [.. all.Where(stat => family.Contains(stat.Pid))
            .Select(stat => new ProcessIdentity(stat.Pid, stat.StartTicks))];
    }

    bool WorksHere(int pid) => FileIdentity.Of($"/proc/{pid}/cwd") is { } cwd && cwd == FileIdentity.Of(DataDirectory);

    int Count(string commandLine) => Everybody().Count(process => CommandLine(process.Pid) == commandLine);

    static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    bool Accepts()
    {
        try
        {
            using var connection = new NpgsqlConnection(Connection);
            connection.Open();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Sends a command whose answer nobody waits for; its connection ends with the server.</summary>
    void Forget(string sql)
    {
        string[] command = [$"{Bin}/psql", "-h", "127.0.0.1", "-p", $"{_port}", "-U", "postgres", "-c", sql];
        var process = Start(command, group: null);
        process.Dispose();
    }

    public async Task ExecuteAsync(string sql, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(Connection);
        await connection.OpenAsync(stop);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(stop);
    }

    static async Task RunAsync(string[] command, CancellationToken stop)
    {
        using var process = Start(command, group: null);
        await process.WaitForExitAsync(stop);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command[0]} ended with code {process.ExitCode}");
    }

    static Process Start(string[] command, Cgroup? group)
    {
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = "/" };
        var account = UserAccount.Find("postgres")!;
        string[] words =
        [
            "sh", "-c", Prologue, "sh", group?.ProcsFile ?? "",
            "setpriv", $"--reuid={account.User}", $"--regid={account.Group}", "--init-groups", "--", .. command,
        ];
        foreach (var word in words)
            start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }
}
