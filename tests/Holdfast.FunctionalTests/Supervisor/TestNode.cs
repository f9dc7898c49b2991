using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Cluster.Configuration;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Supervisor;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>A whole supervisor in this process, with programs of the test's own; stops with all of them.</summary>
sealed class TestNode : IAsyncDisposable
{
    static readonly ClusterFile NoCluster = new()
    {
        Cluster = "test",
        Hosts = [new(new("n1"), "127.0.0.1"), new(new("n2"), "127.0.0.2")],
        Etcd = new EtcdSettings { Endpoints = ["127.0.0.1:1"] },
        Postgres = new PostgresSettings { On = [] },
    };

    /// <summary>A storm that a test has the time for.</summary>
    static readonly RestartLimits Quick = new()
    {
        DelayMin = TimeSpan.FromMilliseconds(10),
        DelayMax = TimeSpan.FromMilliseconds(50),
        StormRestartsMax = 5,
    };

    readonly NodeFolder _folder = new();
    readonly EtcdStore _nowhere = new(["127.0.0.1:1"], new EtcdClientSettings(), NullLogger.Instance);
    readonly IStore _store;
    readonly HttpClient _http;
    readonly NodeSettings _settings;
    CancellationTokenSource _stop = new();
    Task _run;

    public TestNode(params ProgramSpec[] programs)
        : this(_ => programs)
    {
    }

    public TestNode(Func<NodePaths, ProgramSpec> program)
        : this(paths => [program(paths)])
    {
    }

    TestNode(Func<NodePaths, ProgramSpec[]> programs)
        : this(null, settings => settings with { Programs = (_, _, paths) => [.. programs(paths)] })
    {
    }

    /// <param name="store">Null: one that can't be reached.</param>
    /// <param name="with">What the test wants different.</param>
    TestNode(IStore? store, Func<NodeSettings, NodeSettings> with)
    {
        _store = store ?? _nowhere;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
        var settings = with(new NodeSettings
        {
            File = NoCluster,
            FileText = "",
            Host = new("n1"),
            Paths = Paths,
            AgentYaml = (_, _, _) => "",
        });
        _settings = settings with
        {
            Programs = (file, host, paths) =>
            {
                CgroupParent = paths.CgroupParent;
                return settings.Programs(file, host, paths);
            },
        };
        _run = RunAnotherAsync(_stop.Token);
    }

    /// <summary>A node that runs the apps of a file as the file says, but for the limits of restarts.</summary>
    public static TestNode OfApps(
        IStore? store, Func<ClusterFile, ClusterFile> file, Func<NodeSettings, NodeSettings>? with = null) => new(
        store,
        settings => (with ?? (same => same))(settings with
        {
            File = file(settings.File),
            Programs = (given, host, paths) =>
                [.. HostPrograms.For(given, host, paths).Select(spec => spec with { Restart = Quick })],
        }));

    public static TestNode OfApps(IStore? store, params AppSettings[] apps) =>
        OfApps(store, file => file with { Apps = [.. apps] });

    public Task RunAnotherAsync(CancellationToken stop) =>
        new NodeSupervisor(_settings, _store, _nowhere, NullLoggerFactory.Instance).RunAsync(stop);

    /// <summary>Stops, and begins again with the same folders.</summary>
    public async Task StartAgainAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        _run = RunAnotherAsync(_stop.Token);
    }

    public NodePaths Paths => _folder.Paths;
    public string? CgroupParent { get; private set; }

    public static ProgramSpec Program(string name, string script, params string[] after) => new()
    {
        Name = name,
        Command = ["sh", "-c", script, name],
        CgroupLeaf = name,
        After = [.. after],
        Restart = Quick,
    };

    public async Task<NodeStatus> StatusAsync(CancellationToken stop) => JsonSerializer.Deserialize(
        await _http.GetStringAsync(new Uri("http://supervisor/status"), stop), StatusJson.Default.NodeStatus)!;

    public async Task<ProgramStatus> StatusOfAsync(string program, CancellationToken stop) =>
        (await StatusAsync(stop)).Programs.Single(status => status.Name == program);

    public Task<ProgramStatus> UntilAsync(string program, ProgramState state, CancellationToken stop) =>
        UntilAsync(program, status => status.State == state, stop);

    public async Task<ProgramStatus> UntilAsync(
        string program, Func<ProgramStatus, bool> condition, CancellationToken stop)
    {
        await Wait.UntilAsync(() => File.Exists(Paths.SupervisorSocket) || _run.IsCompleted, "the socket", stop);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(Wait.Limit);
        while (true)
        {
            var status = await StatusOfAsync(program, limited.Token);
            if (condition(status))
                return status;
            await Task.Delay(TimeSpan.FromMilliseconds(5), limited.Token);
        }
    }

    /// <summary>The lines that a program has written.</summary>
    public IReadOnlyList<string> LogOf(string program) => File.Exists(Paths.LogOf(program))
        ? [.. File.ReadAllLines(Paths.LogOf(program)).Select(Line)]
        : [];

    static string Line(string json) => JsonDocument.Parse(json).RootElement.GetProperty("line").GetString()!;

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _nowhere.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Paths.SupervisorSocket), stop);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
