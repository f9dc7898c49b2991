using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>The film service behind the edge, as its users see it while its parts fail.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ApplicationTests(RunningLab lab) : IAsyncDisposable
{
    const string App = "bingo", ById = "/api/movie/1";
    const double ErrorShareMax = 0.005, ErrorShareOfLostHostMax = 0.01;
    static readonly TimeSpan BackLimit = TimeSpan.FromSeconds(15), AllBackLimit = TimeSpan.FromSeconds(10);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Where no fault of these tests is about the primary.</summary>
    string Instance => lab.File.Apps.Single(app => app.Name == App).On[0].Value;

    /// <summary>A test that failed may have left its fault in place; the next one is about another fault.</summary>
    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            await lab.MendAsync();
    }

    [Fact]
    public async Task The_data_is_there_and_each_answer_names_its_instance()
    {
        await lab.WholeAsync();
        using var http = new HttpClient { BaseAddress = Edge };
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 20; i++)
        {
            using var answer = await http.GetAsync(new Uri(ById, UriKind.Relative), Stop);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await answer.Content.ReadAsStringAsync(Stop)).ShouldContain("\"id\":1,");
            names.UnionWith(answer.Headers.GetValues("x-server-instance"));
        }
        names.Count.ShouldBe(2);
    }

    [Fact]
    public Task A_killed_instance_is_hardly_noticed_and_comes_back() =>
        FailAsync(() => lab.LabAsync("fault", "kill-program", Instance, App));

    [Fact]
    public Task An_instance_that_answers_500_is_hardly_noticed_and_comes_back() =>
        FailAsync(() => FaultAsync(Instance, "error"));

    [Fact]
    public Task A_frozen_instance_is_hardly_noticed_and_comes_back() =>
        FailAsync(() => lab.LabAsync("fault", "pause", Instance, App));

    async Task FailAsync(Func<Task> fault)
    {
        await lab.WholeAsync();
        var former = await PidAsync(Instance);
        using var requests = await Requests.StartAsync(lab, rate: 60, seconds: 60);
        await fault();
        await BackAsync([(Instance, former)], BackLimit);
        ShouldBeFew(await requests.EndAsync(), ErrorShareMax);
        await lab.WholeAsync();
    }

    [Fact]
    public async Task All_instances_dying_at_once_are_back_within_ten_seconds()
    {
        await lab.WholeAsync();
        List<(string, int?)> former = [];
        foreach (var host in lab.File.Apps.Single(app => app.Name == App).On)
            former.Add((host.Value, await PidAsync(host.Value)));
        foreach (var (host, _) in former)
            await FaultAsync(host, "die");
        await BackAsync(former, AllBackLimit);
        (await Wait.ForAsync(AnswersAsync, AllBackLimit, Stop)).ShouldBeTrue();
        await lab.WholeAsync();
    }

    [Fact]
    public async Task A_lost_host_with_primary_edge_and_instance_leaves_reads_by_id_going_on()
    {
        // The published port leads to the first edge of the file: with its host all four are lost.
        var host = lab.File.Edge!.On[0].Value;
        if (await lab.WholeAsync() != host)
            _ = await lab.ExecAsync("n1", "holdfast", "switchover", "--candidate", host, "--force");
        (await lab.WholeAsync()).ShouldBe(host);
        await lab.LabAsync("fault", "kill-host", host);
        (await Wait.ForAsync(AnswersAsync, BackLimit, Stop)).ShouldBeTrue("the published port did not move");
        using var requests = await Requests.StartAsync(lab, rate: 60, seconds: 15, "--path", ById);
        var report = await requests.EndAsync();
        await lab.LabAsync("fault", "start-host", host);
        await lab.WholeAsync();
        ShouldBeFew(report, ErrorShareOfLostHostMax);
    }

    static void ShouldBeFew(IReadOnlyDictionary<string, LoadReport> report, double share)
    {
        var (requests, errors) = (report.Values.Sum(one => one.Requests), report.Values.Sum(one => one.Errors));
        requests.ShouldBeGreaterThan(0);
        errors.ShouldBeLessThanOrEqualTo((int)(share * requests));
    }

    Uri Edge => new($"http://127.0.0.1:{lab.State.PortOf("edge")}");

    async Task<bool> AnswersAsync()
    {
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
            using var answer = await http.GetAsync(new Uri(Edge, ById), Stop);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>Until all have another process than before, and are healthy.</summary>
    async Task BackAsync(IReadOnlyList<(string Host, int? Former)> instances, TimeSpan limit)
    {
        var began = Stopwatch.GetTimestamp();
        foreach (var (host, former) in instances)
        {
            var left = limit - Stopwatch.GetElapsedTime(began);
            var back = await Wait.ForAsync(
                async () => await StateAsync(host) is { State: "ready", Pid: { } pid } && pid != former,
                left > TimeSpan.Zero ? left : TimeSpan.Zero,
                Stop);
            back.ShouldBeTrue($"not back on {host} in {limit}");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"back after {Stopwatch.GetElapsedTime(began)}");
    }

    async Task<int?> PidAsync(string host) => (await StateAsync(host)).Pid;

    async Task<(string State, int? Pid)> StateAsync(string host)
    {
        var status = await StatusReader.ReadAsync(lab.State, Stop);
        var app = status.Hosts.Single(one => one.Name == host).Programs.FirstOrDefault(program => program.Name == App);
        return (app?.State ?? "unknown", app?.Pid);
    }

    async Task FaultAsync(string host, string kind)
    {
        using var http = LabHttp.Client(lab.State, TimeSpan.FromSeconds(2));
        using var body = new StringContent($$"""{"kind":"{{kind}}","after_ms":300}""", Encoding.UTF8, "application/json");
        var port = lab.File.Apps.Single(app => app.Name == App).Port;
        using var answer = await http.PostAsync(
            new Uri($"http://{lab.State.Host(host).Address}:{port}/fault"), body, Stop);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }
}
