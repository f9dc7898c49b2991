using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Status;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>A whole supervisor with real processes: shells and sleeps.</summary>
public sealed class NodeSupervisorTests(ITestOutputHelper output)
{
    const string Forever = "exec sleep 1000";
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_that_crashes_again_and_again_fails_and_disturbs_nobody()
    {
        await using var node = new TestNode(
            TestNode.Program("steady", Forever), TestNode.Program("crash", "echo once; exit 3"));
        var steady = await node.UntilAsync("steady", ProgramState.Ready, _stop);
        var crash = await node.UntilAsync("crash", ProgramState.Failed, _stop);
        crash.Restarts.ShouldBe(6); // Five, and the one that is due in a minute.
        crash.Pid.ShouldBeNull();
        (await node.StatusOfAsync("steady", _stop)).ShouldBe(steady);
        (await node.StatusAsync(_stop)).State.ShouldBe(ProgramState.Failed);
        await Wait.UntilAsync(() => node.LogOf("crash").Count == 6, "each life left its line", _stop);
    }

    [Fact]
    public async Task A_program_that_can_t_be_started_fails_and_disturbs_nobody()
    {
        await using var node = new TestNode(
            TestNode.Program("steady", Forever), TestNode.Program("nobody", Forever) with { User = "no-such-user" });
        await node.UntilAsync("nobody", ProgramState.Failed, _stop);
        (await node.StatusOfAsync("steady", _stop)).State.ShouldBe(ProgramState.Ready);
    }

    [Fact]
    public async Task A_killed_program_starts_again_at_once()
    {
        await using var node = new TestNode(TestNode.Program("steady", Forever));
        var before = await node.UntilAsync("steady", ProgramState.Ready, _stop);
        var began = Stopwatch.GetTimestamp();
        ProcessIdentity.Of(before.Pid!.Value)!.Value.TrySignal(Signal.Kill).ShouldBeTrue();
        while ((await node.StatusOfAsync("steady", _stop)) is var now && (now.Pid is null || now.Pid == before.Pid))
            await Task.Delay(TimeSpan.FromMilliseconds(1), _stop);
        output.WriteLine($"runs again after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F1} ms");
        (await node.StatusOfAsync("steady", _stop)).Restarts.ShouldBe(1);
    }

    [Fact]
    public async Task Programs_stop_in_reverse_order_and_nothing_of_them_is_left()
    {
        var order = Path.GetTempFileName();
        string[] names = ["a", "b", "c"];
        ProgramSpec Program(string name, params string[] after) => TestNode.Program(
            name,
            $"trap 'echo {name} >>{order}; exit 0' TERM; echo up; sleep 1000 & while :; do sleep 0.02; done",
            after);
        await using var node = new TestNode(Program("a"), Program("b", "a"), Program("c", "b"));
        var pid = (await node.UntilAsync("c", ProgramState.Ready, _stop)).Pid!.Value;
        await Wait.UntilAsync(() => names.All(name => node.LogOf(name).Count == 1), "all are up", _stop);
        var family = ProcessStat.All().Where(stat => stat.Parent == pid)
            .Select(stat => new ProcessIdentity(stat.Pid, stat.StartTicks)).ToList();
        await node.StopAsync();
        (await File.ReadAllLinesAsync(order, _stop)).ShouldBe(["c", "b", "a"]);
        family.ShouldAllBe(process => !process.IsAlive);
        File.Exists(node.Paths.SupervisorSocket).ShouldBeFalse();
        if (node.CgroupParent is { } parent)
            Directory.Exists(Path.GetDirectoryName(parent)).ShouldBeFalse();
        File.Delete(order);
    }

    [Fact]
    public async Task A_program_that_does_not_want_to_end_is_killed_after_its_time()
    {
        const string Script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
        await using var node = new TestNode(TestNode.Program("stubborn", Script) with
        {
            StopGrace = TimeSpan.FromSeconds(0.3),
        });
        var status = await node.UntilAsync("stubborn", ProgramState.Ready, _stop);
        var identity = ProcessIdentity.Of(status.Pid!.Value)!.Value;
        await Wait.UntilAsync(() => node.LogOf("stubborn").Count == 1, "it is up", _stop);
        await node.StopAsync();
        identity.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task A_program_waits_for_what_it_comes_after_but_not_for_ever()
    {
        await using var node = new TestNode(
            TestNode.Program("never", Forever) with { Readiness = new Readiness.Tcp("127.0.0.1", 1) },
            TestNode.Program("later", Forever, "never"));
        (await node.UntilAsync("never", ProgramState.Running, _stop)).Pid.ShouldNotBeNull();
        (await node.StatusOfAsync("later", _stop)).State.ShouldBe(ProgramState.Starting);
        await node.UntilAsync("later", ProgramState.Ready, _stop);
        (await node.StatusAsync(_stop)).State.ShouldBe(ProgramState.Running);
    }

    static async Task<string> OwnNiceAsync()
    {
        var stat = await File.ReadAllTextAsync("/proc/self/stat", TestContext.Current.CancellationToken);
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16]; // proc(5): field 19.
    }

    [Fact]
    public async Task A_program_runs_as_its_user_in_its_own_session_and_cgroup_with_signals_as_they_should_be()
    {
        const string Script = """
            id -un; id -Gn; echo home=$HOME; grep ^0:: /proc/self/cgroup; grep SigIgn /proc/self/status
            cut -d' ' -f1,5,6,19 /proc/$$/stat; exec sleep 1000
            """;
        await using var node = new TestNode(TestNode.Program("who", Script) with
        {
            User = "postgres",
            CgroupLeaf = "pg/agent",
            Environment = TestNode.Program("", "").Environment.Add("HOME", "/tmp/home"),
        });
        var pid = (await node.UntilAsync("who", ProgramState.Ready, _stop)).Pid!.Value;
        await Wait.UntilAsync(() => node.LogOf("who").Count == 6, "six lines", _stop);
        var lines = node.LogOf("who");
        lines[0].ShouldBe("postgres");
        lines[1].ShouldContain("ssl-cert"); // Its supplementary groups.
        lines[2].ShouldBe("home=/tmp/home");
        if (node.CgroupParent is not null)
            lines[3].ShouldEndWith("/pg/agent");
        var ignored = ulong.Parse(lines[4].Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        (ignored & (1UL << 12)).ShouldBe(0UL); // SIGPIPE is 13.
        // Group, session, and no more urgent than others.
        lines[5].ShouldBe($"{pid} {pid} {pid} {await OwnNiceAsync()}");
    }

    [Fact]
    public async Task The_agent_can_give_PostgreSQL_a_cgroup_of_its_own_and_kill_it()
    {
        const string Script = """
            mkdir "$PARENT/postgres" || exit 1
            sleep 1000 & echo $! >"$PARENT/postgres/cgroup.procs" && cat "$PARENT/postgres/cgroup.procs"
            echo 1 >"$PARENT/postgres/cgroup.kill" && wait $!; echo $?; exec sleep 1000
            """;
        string? parent = null;
        await using var node = new TestNode(paths =>
        {
            parent = paths.CgroupParent;
            return TestNode.Program("agent", Script) with
            {
                User = "postgres",
                CgroupLeaf = "pg/agent",
                Environment = TestNode.Program("", "").Environment.Add("PARENT", parent ?? ""),
            };
        });
        if (parent is null)
            Assert.Skip("no cgroup may be made here");
        // What a shell says of a child that died of SIGKILL.
        await Wait.UntilAsync(() => node.LogOf("agent").Contains("137", StringComparer.Ordinal), "killed", _stop);
    }

    [Fact]
    public async Task Orphans_are_waited_for()
    {
        await using var node = new TestNode(TestNode.Program("parent", "(sleep 0.2 & echo $!); exec sleep 1000"));
        await Wait.UntilAsync(() => node.LogOf("parent").Count == 1, "the orphan's pid", _stop);
        var pid = int.Parse(node.LogOf("parent")[0], CultureInfo.InvariantCulture);
        await Wait.UntilAsync(() => ProcessStat.Read(pid) is null, "the orphan has left /proc", _stop);
    }

    [Fact]
    public async Task A_program_that_hangs_is_killed_and_starts_again()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var address = (IPEndPoint)port.LocalEndpoint;
        await using var node = new TestNode(TestNode.Program("hangs", Forever) with
        {
            Readiness = new Readiness.Tcp("127.0.0.1", address.Port),
            UnhealthyLimit = TimeSpan.FromSeconds(0.5),
        });
        var before = await node.UntilAsync("hangs", ProgramState.Ready, _stop);
        port.Stop();
        while ((await node.StatusOfAsync("hangs", _stop)).Restarts == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(5), _stop);
        ProcessIdentity.Of(before.Pid!.Value).ShouldBeNull();
    }

    [Fact]
    public async Task A_second_supervisor_on_the_same_run_folder_is_refused()
    {
        await using var node = new TestNode(TestNode.Program("steady", Forever));
        await node.UntilAsync("steady", ProgramState.Ready, _stop);
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => node.RunAnotherAsync(_stop));
        refused.Message.ShouldStartWith("another supervisor runs here");
        (await node.StatusOfAsync("steady", _stop)).Restarts.ShouldBe(0);
    }
}
