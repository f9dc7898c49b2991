using System.Text.Json;
using Holdfast.Cluster.Configuration;
using Holdfast.FunctionalTests.Lab;
using Holdfast.Lab;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>The sample's three hosts, started by the built <c>lab</c> program from the published <c>holdfast</c>. One
/// for all tests of the collection, which therefore leave it whole.</summary>
public sealed class RunningLab : IAsyncLifetime
{
    static readonly TimeSpan RedundancyLimit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan SettingsLimit = TimeSpan.FromSeconds(10);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Begins as ./test has asked, which takes down what a killed run left behind.</summary>
    internal string Name { get; } =
        (Environment.GetEnvironmentVariable("HOLDFAST_TEST_LABS") ?? "t") + Guid.NewGuid().ToString("N")[..8];
    internal LabState State => Labs.Get(Name);
    internal ClusterFile File => LabFile.Of(State);
    internal int PrimaryPort => State.PortOf("primary")!.Value;
    internal UpReport Report { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var up = await LabProgram.RunAsync("up", Sample, "--name", Name, "--publish", "free", "--detach", "-o", "json");
        up.ExitCode.ShouldBe(0, up.Error + up.Output);
        Report = JsonSerializer.Deserialize(up.Output, LabJson.Default.UpReport)!;
    }

    public async ValueTask DisposeAsync()
    {
        var down = await LabProgram.RunAsync("down", "--name", Name, "--force");
        down.ExitCode.ShouldBe(0, down.Error);
        Traces.Of(Name).ShouldBeEmpty();
    }

    internal static string Sample => Path.Combine(PublishedPrograms.RepositoryRoot()!, "samples/filmopoisk.yml");

    /// <summary>Runs a verb of the lab on this lab; it must succeed.</summary>
    internal async Task<string> LabAsync(params string[] arguments)
    {
        var result = await LabProgram.RunAsync([.. arguments, "--name", Name]);
        result.ExitCode.ShouldBe(0, $"lab {string.Join(' ', arguments)}: {result.Error}{result.Output}");
        return result.Output;
    }

    /// <summary>Runs a command on a host; it must succeed.</summary>
    internal async Task<string> ExecAsync(string host, params string[] command)
    {
        var result = await LabProgram.RunAsync(["exec", "--name", Name, host, "--", .. command]);
        result.ExitCode.ShouldBe(0, $"{string.Join(' ', command)} on {host}: {result.Error}{result.Output}");
        return result.Output;
    }

    /// <summary>Takes every fault back that may be in place; what is not in place refuses, and that is no
    /// matter.</summary>
    internal async Task MendAsync()
    {
        foreach (var host in State.Hosts.Select(host => host.Name))
        {
            string[][] verbs =
            [
                ["start-host", host], ["resume", host], ["resume", host, "etcd"], ["resume", host, "agent"],
                ["resume", host, "bingo"], ["heal", host],
            ];
            foreach (var verb in verbs)
                _ = await LabProgram.RunAsync(["fault", .. verb, "--name", Name]);
        }
    }

    internal async Task<LabStatus> StatusAsync() =>
        JsonSerializer.Deserialize(await LabAsync("status", "-o", "json"), LabJson.Default.LabStatus)!;

    /// <summary>Changes the dynamic configuration; returns once every agent has it.</summary>
    internal async Task ConfigureAsync(string primary, string json)
    {
        using var http = LabHttp.Client(State, SettingsLimit);
        using var patch = new StringContent(json);
        using var answer = await http.PatchAsync(Agent(primary, "config"), patch, Stop);
        var wanted = await answer.Content.ReadAsStringAsync(Stop);
        answer.IsSuccessStatusCode.ShouldBeTrue(wanted);
        foreach (var host in State.Hosts)
        {
            var seen = await Wait.ForAsync(
                async () => await http.GetStringAsync(Agent(host.Name, "config"), Stop) == wanted, SettingsLimit, Stop);
            seen.ShouldBeTrue($"{host.Name} has not seen {wanted}");
        }
    }

    /// <summary>A path of the REST API of a host's agent.</summary>
    internal Uri Agent(string host, string path) =>
        new($"http://{State.Host(host).Address}:{File.Postgres.Rest}/{path}");

    /// <summary>Waits until every host, member and standby is there again; the name of the primary.</summary>
    internal async Task<string> WholeAsync()
    {
        using var health = new Health(State, File);
        HealthView view = null!;
        var whole = await Wait.ForAsync(
            async () => (view = await health.LookAsync(Stop)).IsWhole && await EveryProgramRunsAsync(),
            RedundancyLimit,
            Stop);
        whole.ShouldBeTrue(
            $"after {RedundancyLimit.TotalSeconds} s: {string.Join("; ", view.Missing)}; {await LabAsync("status")}");
        return view.Primary!;
    }

    async Task<bool> EveryProgramRunsAsync() => (await StatusReader.ReadAsync(State, Stop)).Hosts
        .All(host => host.State is "up" && host.Programs.All(program => program.Pid is not null));
}

[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection : ICollectionFixture<RunningLab>
{
    /// <summary>Outages are measured here: nothing else may run beside it.</summary>
    public const string Name = "end to end";
}
