using System.Diagnostics;
using Holdfast.Cluster.Configuration;
using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Status;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>A supervisor with the file's apps: real processes, whose health the test itself answers.</summary>
public sealed class AppTests(ITestOutputHelper output)
{
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_runs_as_its_user_in_its_folder_with_its_variables_and_nobody_else_s()
    {
        const string Script = """
            id -un; pwd; echo $HOME $USER $LOGNAME; echo "$TOKEN"; echo "${HF_TEST_SUPER-unset}"; touch own || echo no
            cat /proc/self/oom_score_adj
            exec sleep 1000
            """;
        Environment.SetEnvironmentVariable("HF_TEST_SUPER", "not for apps");
        await using var node = TestNode.OfApps(
            null,
            file => file with
            {
                Apps = [TestApps.App("who", Script)],
                Postgres = file.Postgres with
                {
                    Users = file.Postgres.Users.Add("postgres", new SecretSettings(null, null, "HF_TEST_SUPER")),
                },
            },
            settings => settings with
            {
                AppVariables = settings.AppVariables.Add(
                    "who", TestNode.Program("", "").Environment.Add("TOKEN", "a secret's \"value\"")),
            });
        await node.UntilAsync("who", ProgramState.Ready, _stop);
        await Wait.UntilAsync(() => node.LogOf("who").Count == 6, "six lines", _stop);
        var folder = node.Paths.AppFolder("who");
        node.LogOf("who").ShouldBe(
            ["nobody", folder, $"{folder} nobody nobody", "a secret's \"value\"", "unset", "0"]);
        await Wait.UntilAsync(() => File.Exists($"{folder}/own"), "its file in its folder", _stop);
    }

    [Fact]
    public async Task A_dead_app_starts_again_at_once_and_nothing_of_its_former_life_is_left()
    {
        await using var node = TestNode.OfApps(null, TestApps.App("a", "setsid sleep 1000 & exec sleep 1000"));
        var before = await node.UntilAsync("a", ProgramState.Ready, _stop);
        var pid = before.Pid!.Value;
        await Wait.UntilAsync(() => ProcessStat.All().Any(stat => stat.Parent == pid), "its child", _stop);
        var stat = ProcessStat.All().First(stat => stat.Parent == pid);
        var child = new ProcessIdentity(stat.Pid, stat.StartTicks);
        var began = Stopwatch.GetTimestamp();
        ProcessIdentity.Of(pid)!.Value.TrySignal(Signal.Kill).ShouldBeTrue();
        var after = await node.UntilAsync("a", status => status is { State: ProgramState.Ready, Restarts: 1 }, _stop);
        output.WriteLine($"back after {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F0} ms");
        after.Pid.ShouldNotBe(pid);
        child.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task An_app_is_ready_when_it_is_healthy_and_starts_again_when_it_is_not()
    {
        await using var port = new AnsweringPort { Status = 503 };
        await using var node = TestNode.OfApps(null, TestApps.Asked("a", port));
        var starting = await node.UntilAsync("a", status => status.About is not null && status.Pid > 0, _stop);
        (starting.State, starting.About).ShouldBe((ProgramState.Running, "not healthy yet: /ping answers 503"));
        port.Status = 204;
        var healthy = await node.UntilAsync("a", ProgramState.Ready, _stop);
        (healthy.Restarts, healthy.About).ShouldBe((0, null));
        port.Status = 500;
        await node.UntilAsync("a", status => status.Restarts == 1, _stop);
        ProcessIdentity.Of(healthy.Pid!.Value).ShouldBeNull();
        port.Status = 200;
        (await node.UntilAsync("a", ProgramState.Ready, _stop)).Restarts.ShouldBe(1);
    }

    [Fact]
    public async Task An_app_that_does_not_become_healthy_in_time_starts_again()
    {
        await using var port = new AnsweringPort { Status = 500 };
        var app = TestApps.Asked("a", port);
        await using var node = TestNode.OfApps(
            null, app with { Health = app.Health! with { Start = TimeSpan.FromSeconds(0.3) } });
        await node.UntilAsync("a", status => status.Restarts > 0, _stop);
    }

    [Fact]
    public async Task An_app_that_hangs_is_noticed_within_six_seconds_at_the_usual_pace()
    {
        await using var port = new AnsweringPort();
        var app = TestApps.Asked("a", port) with { Health = new HealthSettings { Http = "/ping" } };
        await using var node = TestNode.OfApps(null, app);
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        port.Hangs = true;
        var began = Stopwatch.GetTimestamp();
        await node.UntilAsync("a", status => status.Restarts == 1, _stop);
        var took = Stopwatch.GetElapsedTime(began);
        port.Hangs = false;
        await node.UntilAsync("a", status => status is { State: ProgramState.Ready, Restarts: 1 }, _stop);
        output.WriteLine($"killed after {took.TotalSeconds:F2} s, back after "
            + $"{Stopwatch.GetElapsedTime(began).TotalSeconds:F2} s");
        took.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_frozen_app_is_noticed_although_its_port_takes_connections(bool hasPort)
    {
        await using var port = new AnsweringPort();
        var app = hasPort ? TestApps.App("a") with { Port = port.Port } : TestApps.App("a");
        await using var node = TestNode.OfApps(
            null, app with { Health = new HealthSettings { Tcp = hasPort, Every = TimeSpan.FromSeconds(0.1) } });
        var before = await node.UntilAsync("a", ProgramState.Ready, _stop);
        var frozen = ProcessIdentity.Of(before.Pid!.Value)!.Value;
        frozen.TrySignal(Signal.Stop).ShouldBeTrue();
        await node.UntilAsync("a", status => status is { State: ProgramState.Ready, Restarts: 1 }, _stop);
        frozen.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task A_command_can_tell_whether_an_app_is_healthy()
    {
        var app = TestApps.App("a", "touch healthy; exec sleep 1000") with
        {
            Health = new HealthSettings
            {
                // Runs where the app runs, as its user.
                Command = ["sh", "-c", "[ -O healthy ] && [ -z \"$HANG\" ] || exit 7"],
                Every = TimeSpan.FromSeconds(0.1),
            },
        };
        await using var node = TestNode.OfApps(null, app);
        await node.UntilAsync("a", ProgramState.Ready, _stop);
        File.Delete(Path.Combine(node.Paths.AppFolder("a"), "healthy"));
        await node.UntilAsync("a", status => status is { State: ProgramState.Ready, Restarts: 1 }, _stop);
    }

    [Fact]
    public async Task A_check_that_hangs_is_killed_and_a_bad_answer()
    {
        var app = TestApps.App("a") with
        {
            Health = new HealthSettings
            {
                Command = ["sleep", "1001"],
                Timeout = TimeSpan.FromSeconds(0.2),
                Start = TimeSpan.FromSeconds(30),
            },
        };
        await using var node = TestNode.OfApps(null, app);
        var status = await node.UntilAsync("a", status => status is { About: not null, Pid: > 0 }, _stop);
        status.About.ShouldBe("not healthy yet: no answer within 0.2 s");
    }

    [Fact]
    public async Task An_app_that_crashes_again_and_again_fails_and_disturbs_nobody()
    {
        await using var node = TestNode.OfApps(
            null, TestApps.App("steady"), TestApps.App("crash", "echo once; exit 3"), TestApps.App("none", "true") with
            {
                User = "no-such-user",
            });
        var steady = await node.UntilAsync("steady", ProgramState.Ready, _stop);
        var crash = await node.UntilAsync("crash", ProgramState.Failed, _stop);
        (crash.Restarts, crash.Pid, crash.About).ShouldBe((6, null, "ended with code 3"));
        (await node.UntilAsync("none", ProgramState.Failed, _stop)).About.ShouldBe(
            "could not be started: there is no user no-such-user on this host");
        (await node.StatusOfAsync("steady", _stop)).ShouldBe(steady);
    }

    [Fact]
    public async Task An_app_waits_until_the_one_that_it_comes_after_is_healthy()
    {
        await using var port = new AnsweringPort { Status = 503 };
        await using var node = TestNode.OfApps(
            null, TestApps.App("later") with { After = ["first"] }, TestApps.Asked("first", port));
        await node.UntilAsync("first", status => status.Pid > 0, _stop);
        var waiting = await node.UntilAsync("later", status => status.About is not null, _stop);
        (waiting.State, waiting.About, waiting.Pid).ShouldBe((ProgramState.Starting, "waits for first", null));
        port.Status = 200;
        await node.UntilAsync("later", ProgramState.Ready, _stop);
        (await node.StatusOfAsync("first", _stop)).State.ShouldBe(ProgramState.Ready);
    }

    [Fact]
    public async Task The_edge_gets_a_file_of_its_own_and_may_take_a_low_port()
    {
        var binary = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            binary, "#!/bin/sh\nid -un; echo $1; cat $3; grep CapEff /proc/$$/status; exec sleep 1000\n", _stop);
        File.SetUnixFileMode(binary, (UnixFileMode)0b111_101_101);
        await using var node = TestNode.OfApps(
            null,
            file => file with
            {
                Edge = new EdgeSettings { On = [new("n1")], Routes = [], Http = 999 },
            },
            settings => settings with { FileText = "the file\n", Paths = settings.Paths with { Binary = binary } });
        await node.UntilAsync("edge", status => status.Pid > 0, _stop);
        await Wait.UntilAsync(() => node.LogOf("edge").Count == 4, "four lines", _stop);
        node.LogOf("edge").ShouldBe(["www-data", "edge", "the file", "CapEff:\t0000000000000400"]);
        File.GetUnixFileMode(node.Paths.EdgeFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Delete(binary);
    }
}
