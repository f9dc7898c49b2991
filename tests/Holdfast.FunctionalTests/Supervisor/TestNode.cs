using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Cluster.Configuration;
using Holdfast.Store.Etcd;
using Holdfast.Supervisor;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>A whole supervisor in this process, with programs of the test's own; stops with all of them.</summary>
sealed class TestNode : IAsyncDisposable
{
    readonly NodeFolder _folder = new();
    readonly CancellationTokenSource _stop = new();
    readonly EtcdStore _nowhere = new(["127.0.0.1:1"], new EtcdClientSettings(), NullLogger.Instance);
    readonly HttpClient _http;
    readonly Task _run;

    readonly NodeSettings _settings;

    public TestNode(params ProgramSpec[] programs)
        : this(_ => programs)
    {
    }

    public TestNode(Func<NodePaths, ProgramSpec> program)
        : this(paths => [program(paths)])
    {
    }

    TestNode(Func<NodePaths, ProgramSpec[]> programs)
    {
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
        _settings = new NodeSettings
        {
            File = new ClusterFile
            {
                Cluster = "test",
                Hosts = [new(new("n1"), "127.0.0.1")],
                Etcd = new EtcdSettings { Endpoints = ["127.0.0.1:1"] },
                Postgres = new PostgresSettings { On = [] },
            },
            FileText = "",
            Host = new("n1"),
            Paths = Paths,
            AgentYaml = (_, _, _) => "",
            Programs = (_, _, paths) =>
            {
                CgroupParent = paths.CgroupParent;
                return [.. programs(paths)];
            },
        };
        _run = RunAnotherAsync(_stop.Token);
    }

    public Task RunAnotherAsync(CancellationToken stop) =>
        new NodeSupervisor(_settings, _nowhere, _nowhere, NullLoggerFactory.Instance).RunAsync(stop);

    public NodePaths Paths => _folder.Paths;
    public string? CgroupParent { get; private set; }

    public static ProgramSpec Program(string name, string script, params string[] after) => new()
    {
        Name = name,
        Command = ["sh", "-c", script, name],
        CgroupLeaf = name,
        After = [.. after],
        Restart = new RestartLimits
        {
            DelayMin = TimeSpan.FromMilliseconds(10),
            DelayMax = TimeSpan.FromMilliseconds(50),
            StormRestartsMax = 5,
        },
    };

    public async Task<NodeStatus> StatusAsync(CancellationToken stop) => JsonSerializer.Deserialize(
        await _http.GetStringAsync(new Uri("http://supervisor/status"), stop), StatusJson.Default.NodeStatus)!;

    public async Task<ProgramStatus> StatusOfAsync(string program, CancellationToken stop) =>
        (await StatusAsync(stop)).Programs.Single(status => status.Name == program);

    public async Task<ProgramStatus> UntilAsync(string program, ProgramState state, CancellationToken stop)
    {
        await Wait.UntilAsync(() => File.Exists(Paths.SupervisorSocket) || _run.IsCompleted, "the socket", stop);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(Wait.Limit);
        while (true)
        {
            var status = await StatusOfAsync(program, limited.Token);
            if (status.State == state)
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
