using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Proxies;

/// <summary>One PostgreSQL, a proxy of each kind before it, and the etcd that Holdfast's learn from who leads: all on
/// free ports of this machine's loopback, in a folder of their own; gone when this is disposed.</summary>
sealed partial class Stage : IAsyncDisposable
{
    public const string Password = "bench", Database = "bench";

    /// <summary>pgbench's: a million accounts.</summary>
    const int Scale = 10;

    const string Owner = "postgres";
    static readonly UnixFileMode OpenFolder = (UnixFileMode)0b111_101_101;

    readonly List<Child> _children = [];
    readonly Dictionary<ProxyPath, (int Port, Child? Child)> _ways = [];
    readonly string _folder = Directory.CreateTempSubdirectory("hfp").FullName;
    readonly string _binaries = PostgresBinaries();
    StageStore? _store;
    Child? _postgres;

    Stage() => File.SetUnixFileMode(_folder, OpenFolder);

    /// <summary>The load generator for all ways.</summary>
    public Pgbench Pgbench => new(Path.Combine(_binaries, "pgbench"), _folder, Database);

    /// <param name="paths">Whose proxies are started.</param>
    /// <param name="programs">Folder of the published holdfast.</param>
    /// <param name="stop">Ends the start.</param>
    public static async Task<Stage> SetAsync(IReadOnlyList<ProxyPath> paths, string programs, CancellationToken stop)
    {
        var stage = new Stage();
        try
        {
            await stage.StartAsync(paths, programs, stop);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public int PortOf(ProxyPath path) => _ways[path].Port;

    /// <summary>Null: there is nobody between.</summary>
    public ProcessCost? CostOf(ProxyPath path) => _ways[path].Child is { } proxy ? ProcessCost.Of(proxy.Pid) : null;

    /// <summary>Ends the servers that this path has kept: the others need the room.</summary>
    public Task EndServersAsync(ProxyPath path, CancellationToken stop) => SqlAsync(
        $"select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = '{path.User}'", stop);

    /// <summary>How many it has open now.</summary>
    public async Task<int> ServersOfAsync(ProxyPath path, CancellationToken stop) => int.Parse(
        await SqlAsync($"select count(*) from pg_stat_activity where usename = '{path.User}'", stop),
        CultureInfo.InvariantCulture);

    async Task StartAsync(IReadOnlyList<ProxyPath> paths, string programs, CancellationToken stop)
    {
        var postgres = FreePort();
        _ways[ProxyPath.Direct] = (postgres, null);
        await StartPostgresAsync(postgres, stop);
        await SqlAsync($"create database {Database}", stop);
        foreach (var path in ProxyPath.All)
            await SqlAsync($"create role {path.User} superuser login password '{Password}'", stop);
        await Pgbench.FillAsync(Scale, postgres, Owner, stop);
        if (paths.Any(IsHoldfast))
            _store = await StageStore.StartAsync(Folder("etcd"), postgres, stop);
        foreach (var path in paths.Where(path => path != ProxyPath.Direct))
        {
            var port = FreePort();
            var files = new StageFiles(path, port, postgres, _store?.Port ?? 0, Folder(path.Name));
            files.Write();
            var child = Start(
                path.Name, Signal.Terminate, files.Command(programs), IsHoldfast(path) ? ProxyRuntime : []);
            _ways[path] = (port, child);
            await child.ListensAsync(port, stop);
        }
    }

    /// <summary>As a supervisor starts it.</summary>
    internal static readonly ImmutableArray<(string Name, string Value)> ProxyRuntime =
    [
        ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1"),
        ("DOTNET_TC_CallCountingDelayMs", "64"),
    ];

    static bool IsHoldfast(ProxyPath path) =>
        path == ProxyPath.HoldfastSession || path == ProxyPath.HoldfastTransaction;

    async Task StartPostgresAsync(int port, CancellationToken stop)
    {
        var data = Path.Combine(Folder("postgres"), "data");
        _ = await Tool.RunAsync("setpriv", [.. AsOwner, Path.Combine(_binaries, "initdb"), "-D", data,
            "-A", "trust", "-U", Owner, "--no-instructions"], "", stop);
        await RunPostgresAsync(port, stop);
    }

    async Task RunPostgresAsync(int port, CancellationToken stop)
    {
        var data = Path.Combine(_folder, "postgres", "data");
        _postgres = Start("postgres.out", Signal.Interrupt, ["setpriv", .. AsOwner,
            Path.Combine(_binaries, "postgres"), "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB",
            "-c", "max_connections=1300"]);
        await _postgres.ListensAsync(port, stop);
        var answers = await Wait.ForAsync(
            async () => (await PsqlAsync("select 1", stop)).ExitCode == 0, Tool.Limit, stop);
        if (!answers)
            throw new LabException("PostgreSQL does not answer");
    }

    Child Start(
        string output, Signal end, IEnumerable<string> command, IEnumerable<(string Name, string Value)>? more = null)
    {
        var environment = Launcher.CleanEnvironment();
        foreach (var (name, value) in more ?? [])
            environment[name] = value;
        var child = Child.Start(Path.Combine(_folder, $"{output}.out"), end, environment, command);
        _children.Add(child);
        return child;
    }

    async Task<string> SqlAsync(string sql, CancellationToken stop)
    {
        var result = await PsqlAsync(sql, stop);
        return result.ExitCode == 0 ? result.Output : throw new LabException($"{sql}: {result.Error.Trim()}");
    }

    Task<ToolResult> PsqlAsync(string sql, CancellationToken stop) => Tool.TryAsync(
        Path.Combine(_binaries, "psql"), ["-X", "-A", "-t", "-h", "127.0.0.1", "-p", $"{_ways[ProxyPath.Direct].Port}",
            "-U", Owner, "-d", "postgres", "-c", sql], "", stop);

    // For programs that don't run as root.
    internal static string[] AsOwner => ["--reuid=postgres", "--regid=postgres", "--clear-groups"];

    string Folder(string name)
    {
        var folder = Path.Combine(_folder, name);
        Directory.CreateDirectory(folder);
        if (UserAccount.Find(Owner)?.TryOwn(folder) != true)
            throw new LabException($"no user {Owner} to own {folder}");
        return folder;
    }

    static string PostgresBinaries() => Directory.EnumerateDirectories("/usr/lib/postgresql")
        .Order(StringComparer.Ordinal).Select(path => Path.Combine(path, "bin")).LastOrDefault(
            path => File.Exists(Path.Combine(path, "pgbench")))
        ?? throw new LabException("no PostgreSQL with pgbench under /usr/lib/postgresql");

    internal static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public async ValueTask DisposeAsync()
    {
        for (var last = _children.Count - 1; last >= 0; last--)
            await _children[last].DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
