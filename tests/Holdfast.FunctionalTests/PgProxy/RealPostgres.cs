using System.Globalization;
using System.Diagnostics;
using Holdfast.Doubles;
using Npgsql;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>PostgreSQL of the distribution in a folder of its own: SCRAM for everybody, TLS for who asks.</summary>
public sealed class RealPostgres : IAsyncLifetime
{
    public const string Password = "secret";

    const string User = "postgres";
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    readonly string _folder = Directory.CreateTempSubdirectory("holdfast-pgproxy-").FullName;

    public int Port { get; } = FreePorts.Take();
    string Data => Path.Combine(_folder, "data");
    string Conf => Path.Combine(Data, "postgresql.conf");

    /// <summary>Makes it, and starts it.</summary>
    public async ValueTask InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", [User, _folder], asRoot: true);
        await RunAsync("sh", ["-c", $"printf {Password} >'{_folder}/password'"]);
        await RunAsync(Program("initdb"),
            ["-D", Data, "-U", User, "-A", "scram-sha-256", $"--pwfile={_folder}/password", "--no-sync", "-E", "UTF8"]);
        await RunAsync("openssl",
        [
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=postgres.test",
            "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", $"{Data}/server.key", "-out", $"{Data}/server.crt",
        ]);
        await File.AppendAllLinesAsync(Conf,
        [
            $"port = {Port}", "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{_folder}'",
            "fsync = off", "shared_buffers = 16MB", "ssl = on",
        ]);
        await StartAsync(wait: true);
    }

    /// <summary>PEM: what it shows, signed by itself.</summary>
    public string Certificate => File.ReadAllText(Path.Combine(Data, "server.crt"));

    /// <summary>Lines in front of pg_hba.conf, and behind postgresql.conf; then it reads both again.</summary>
    public async Task ConfigureAsync(string[] access, params string[] settings)
    {
        var rules = Path.Combine(Data, "pg_hba.conf");
        var known = await File.ReadAllTextAsync(rules);
        await File.WriteAllTextAsync(rules, string.Join('\n', [.. access, known]));
        await File.AppendAllLinesAsync(Conf, settings);
        var before = await LoadedAsync();
        await RunAsync(Program("pg_ctl"), ["-D", Data, "-s", "reload"]);
        // A session that begins from now on has all of it.
        while (await LoadedAsync() <= before)
        {
        }
    }

    async Task<DateTime> LoadedAsync()
    {
        await using var connection = new NpgsqlConnection(Conninfo(Port));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_conf_load_time()", connection);
        return (DateTime)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A file among its data, for its own use.</summary>
    public Task GiveAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(Data, name), text);

    /// <param name="wait">Until it answers; else only until its process runs.</param>
    public Task StartAsync(bool wait)
    {
        var start = $"'{Program("pg_ctl")}' -D '{Data}' -l '{_folder}/log' {(wait ? "-w" : "-W")} start";
        return RunAsync("sh", ["-c", $"{start} >'{_folder}/ctl' 2>&1"]);
    }

    /// <summary>The next start is a standby's, which serves readers or nobody.</summary>
    public async Task BecomeStandbyAsync(bool servesReaders)
    {
        await File.AppendAllLinesAsync(Conf, [$"hot_standby = {(servesReaders ? "on" : "off")}"]);
        await RunAsync("touch", [$"{Data}/standby.signal"]);
    }

    /// <summary>A standby of it that follows, and serves readers. The caller disposes it.</summary>
    public async Task<RealPostgres> StartStandbyAsync()
    {
        var standby = new RealPostgres();
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", [User, standby._folder], asRoot: true);
        await RunAsync("env",
        [
            $"PGPASSWORD={Password}", Program("pg_basebackup"), "-h", "127.0.0.1", "-p", $"{Port}", "-U", User,
            "-D", standby.Data, "-R", "-c", "fast", "--no-sync",
        ]);
        await File.AppendAllLinesAsync(
            standby.Conf, [$"port = {standby.Port}", $"unix_socket_directories = '{standby._folder}'"]);
        await standby.StartAsync(wait: true);
        return standby;
    }

    public Task PromoteAsync() => RunAsync(Program("pg_ctl"), ["-D", Data, "-s", "-W", "promote"]);

    public Task StopAsync() => RunAsync(Program("pg_ctl"), ["-D", Data, "-s", "-m", "immediate", "stop"]);

    /// <summary>STOP freezes its processes, CONT lets them go on.</summary>
    public async Task SignalAllAsync(string signal)
    {
        var postmaster = await PostmasterAsync();
        await RunAsync("sh", ["-c", $"kill -{signal} {postmaster} $(ps -o pid= --ppid {postmaster}) || true"]);
    }

    public async Task<int> PostmasterAsync() => int.Parse(
        (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid")))[0], CultureInfo.InvariantCulture);

    /// <summary>To one process of it.</summary>
    public static Task SignalAsync(string signal, int process) => RunAsync("kill", [$"-{signal}", $"{process}"]);

    /// <summary>For a connection through <paramref name="port"/>; none is kept after its use.</summary>
    public static string Conninfo(int port, SslMode tls = SslMode.Disable) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = User,
        Password = Password,
        Database = "postgres",
        SslMode = tls,
        Pooling = false,
        Timeout = 60,
    }.ConnectionString;

    static async Task RunAsync(string program, string[] arguments, bool asRoot = false)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, WorkingDirectory = "/" };
        if (Environment.IsPrivilegedProcess && !asRoot)
            start.UserName = User;
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(s_limit);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {await error}");
    }

    static string Program(string name) => $"/usr/lib/postgresql/15/bin/{name}";

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
            await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
