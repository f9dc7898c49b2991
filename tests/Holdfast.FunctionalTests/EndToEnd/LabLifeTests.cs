using System.Text.Json;
using Holdfast.Foundation.Processes;
using Holdfast.FunctionalTests.Lab;
using Holdfast.Lab.Hosts;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>The lab program with the real thing in it: what it says, and that nothing stays behind.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class LabLifeTests(RunningLab lab)
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_status_has_exactly_the_promised_shape()
    {
        await lab.WholeAsync();
        using var status = JsonDocument.Parse(await lab.LabAsync("status", "-o", "json"));
        Fields(status.RootElement).ShouldBe(["lab", "hosts"]);
        status.RootElement.GetProperty("lab").GetString().ShouldBe(lab.Name);
        foreach (var host in status.RootElement.GetProperty("hosts").EnumerateArray())
        {
            Fields(host).ShouldBe(["name", "address", "state", "programs"]);
            var programs = host.GetProperty("programs").EnumerateArray().ToList();
            programs.ForEach(program => Fields(program).ShouldBe(["name", "state", "pid", "restarts"]));
            string[] expected = host.GetProperty("name").GetString() is "n3"
                ? ["supervisor", "etcd", "agent", "pgproxy", "postgres"]
                : ["supervisor", "etcd", "agent", "pgproxy", "postgres", "bingo", "edge"];
            programs.Select(program => program.GetProperty("name").GetString()!)
                .ShouldBe(expected, ignoreOrder: true);
        }
    }

    [Fact]
    public async Task Patronis_own_tool_lists_the_same_cluster()
    {
        var primary = await lab.WholeAsync();
        using var theirs = JsonDocument.Parse(await lab.ExecAsync(
            "n1", "env", "PATRONI_ETCD3_HOST=10.77.0.11:2379", "patronictl", "list", "filmopoisk", "-f", "json"));
        using var ours = JsonDocument.Parse(await lab.ExecAsync("n1", "holdfast", "list", "-o", "json"));
        Members(theirs.RootElement).ShouldBe(Members(ours.RootElement));
        theirs.RootElement.EnumerateArray().Single(member => member.GetProperty("Role").GetString() == "Leader")
            .GetProperty("Member").GetString().ShouldBe(primary);
    }

    static List<string> Members(JsonElement list) =>
    [
        .. list.EnumerateArray().Select(member =>
            $"{member.GetProperty("Member").GetString()} {member.GetProperty("Host").GetString()} "
            + member.GetProperty("TL").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];

    [Fact]
    public async Task A_second_up_changes_nothing_and_says_so()
    {
        var before = await lab.StatusAsync();
        var up = await LabProgram.RunAsync(
            "up", RunningLab.Sample, "--name", lab.Name, "--publish", "free", "--detach");
        up.ExitCode.ShouldBe(0, up.Error);
        up.Output.ShouldContain("running already; nothing was changed");
        var after = await lab.StatusAsync();
        after.Hosts.SelectMany(host => host.Programs).Select(program => program.Pid)
            .ShouldBe(before.Hosts.SelectMany(host => host.Programs).Select(program => program.Pid));
    }

    [Fact]
    public async Task Two_labs_of_the_same_file_run_side_by_side()
    {
        await lab.WholeAsync();
        await using (var second = new RunningLab())
        {
            await second.InitializeAsync();
            second.State.Hosts.Select(host => host.Address).ShouldBe(lab.State.Hosts.Select(host => host.Address));
            (await second.WholeAsync()).ShouldNotBeEmpty();
        }
        await lab.WholeAsync();
    }

    [Fact]
    public async Task Ctrl_C_leaves_nothing_behind()
    {
        var name = lab.Name + "c";
        using var up = await AttachedAsync(name);
        ProcessIdentity.Of(up.Id)!.Value.TrySignal(Signal.Interrupt).ShouldBeTrue();
        var rest = up.StandardOutput.ReadToEndAsync(Stop);
        await up.WaitForExitAsync(Stop).WaitAsync(LabDown.Grace + TimeSpan.FromSeconds(10), Stop);
        (await rest).ShouldContain("is down");
        Traces.Of(name).ShouldBeEmpty();
    }

    [Fact]
    public async Task After_a_killed_lab_down_leaves_nothing_behind()
    {
        var name = lab.Name + "k";
        using var up = await AttachedAsync(name);
        up.Kill();
        await up.WaitForExitAsync(Stop);
        var down = await LabProgram.RunAsync("down", "--name", name);
        down.ExitCode.ShouldBe(0, down.Error);
        Traces.Of(name).ShouldBeEmpty();
    }

    /// <summary>A lab that is up, with its <c>lab up</c> in the foreground.</summary>
    static async Task<System.Diagnostics.Process> AttachedAsync(string name)
    {
        var up = LabProgram.Start("up", RunningLab.Sample, "--name", name, "--publish", "free");
        List<string> said = [];
        while (await up.StandardOutput.ReadLineAsync(Stop) is { } line)
        {
            if (line.StartsWith("Ctrl+C", StringComparison.Ordinal))
                return up;
            said.Add(line);
        }
        said.Add(await up.StandardError.ReadToEndAsync(Stop));
        up.Dispose();
        said.Add((await LabProgram.RunAsync("down", "--name", name, "--force")).Output);
        throw new InvalidOperationException($"lab up ended: {string.Join('\n', said)}");
    }

    static IEnumerable<string> Fields(JsonElement element) =>
        [.. element.EnumerateObject().Select(field => field.Name)];
}
