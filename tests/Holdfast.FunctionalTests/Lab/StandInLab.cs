using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Lab.Commands;
using Holdfast.Lab.Hosts;
using Xunit;

namespace Holdfast.FunctionalTests.Lab;

/// <summary>A real lab of three hosts, whose nodes are a small script: for tests of the lab itself.</summary>
sealed class StandInLab : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("holdfast-lab-test-").FullName;

    public string Name { get; } =
        (Environment.GetEnvironmentVariable("HOLDFAST_TEST_LABS") ?? "t") + Guid.NewGuid().ToString("N")[..8];
    public LabState State => Labs.Get(Name);
    public LabFolders Folders => new(Name);

    long? _diskBytes;

    /// <param name="diskBytes">Gives the hosts disks of their own.</param>
    public static async Task<StandInLab> StartAsync(long? diskBytes = null)
    {
        var lab = new StandInLab { _diskBytes = diskBytes };
        try
        {
            _ = await lab.UpAsync();
            await Eventually.IsAsync("the nodes can be told to stop", () => lab.State.Hosts.All(
                host => File.Exists(Path.Combine(lab.Folders.DataOf(host.Name), StandInNode.Ready))));
            return lab;
        }
        catch (Exception)
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    public LabRequest Request()
    {
        var program = Path.Combine(_folder, "holdfast");
        File.WriteAllText(program, "#!/bin/sh\necho \"holdfast for $(id -un)\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var other = Directory.CreateDirectory(Path.Combine(_folder, "feed"));
        File.WriteAllText(Path.Combine(other.FullName, "feed"), "#!/bin/sh\necho \"feed for $(id -un)\"\n");
        File.SetUnixFileMode(Path.Combine(other.FullName, "feed"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new LabRequest
        {
            Path = Path.Combine(_folder, "films.yml"),
            Text = "cluster: films\n",
            Cluster = File3(),
            Lab = Name,
            FreePorts = true,
            DiskBytes = _diskBytes,
            Programs = _folder,
            OtherPrograms = [other.FullName],
            Node = ["sh", "-c", StandInNode.Script, "sh"],
            AfterNode = ["true"],
        };
    }

    public Task<(LabState State, bool AlreadyRunning)> UpAsync() =>
        LabUp.RunAsync(Request(), TestContext.Current.CancellationToken);

    public Task<string?> DownAsync(TimeSpan grace) =>
        LabDown.RunAsync(Name, grace, TestContext.Current.CancellationToken);

    /// <summary>Runs a command on a host; its exit code.</summary>
    public Task<int> ExecAsync(string host, params string[] command) =>
        ExecCommand.RunAsync(State, host, command, TestContext.Current.CancellationToken);

    /// <summary>What a shell command on a host prints.</summary>
    public async Task<string> AskAsync(string host, string shell)
    {
        var answer = Path.Combine(_folder, "answer");
        _ = await ExecAsync(host, "sh", "-c", $"{{ {shell}; }} >{answer}");
        return (await File.ReadAllTextAsync(answer, TestContext.Current.CancellationToken)).TrimEnd('\n');
    }

    public async ValueTask DisposeAsync()
    {
        _ = await LabDown.RunAsync(Name, LabDown.NoGrace, CancellationToken.None);
        string[] kept = Directory.Exists(LabFolders.LogRoot)
            ? Directory.GetDirectories(LabFolders.LogRoot, Name + "-*")
            : [];
        foreach (var logs in kept)
            Directory.Delete(logs, recursive: true);
        Directory.Delete(_folder, recursive: true);
    }

    static ClusterFile File3() => new()
    {
        Cluster = "films",
        Hosts = [
            new(new NodeName("n1"), "10.77.0.11"),
            new(new NodeName("n2"), "10.77.0.12"),
            new(new NodeName("n3"), "10.77.0.13")
        ],
        Etcd = new EtcdSettings { On = [new("n1"), new("n2"), new("n3")] },
        Postgres = new PostgresSettings { On = [new("n1"), new("n2"), new("n3")] },
        PgProxy = new PgProxySettings { On = [new("n1"), new("n2"), new("n3")], Replicas = 5001 },
        Apps = [new AppSettings { Name = "feed", On = [new("n1")], Command = ["feed"] }],
    };
}
