using System.Diagnostics;
using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Postgres;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Postgres;

public sealed class PostmasterTests
{
    static CancellationToken Stop => PostgresStory.Stop;
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_stale_pid_file_that_names_somebody_else_does_not_keep_it_from_starting()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        var pidFile = Path.Combine(story.Data("n1"), "postmaster.pid");
        var former = await File.ReadAllLinesAsync(pidFile, Stop);
        await story.StepAsync("n1 stop", n1 => n1.StopAsync(StopLimit, Stop), "n1");
        var start = new ProcessStartInfo("sleep", ["1000"]) { UserName = story.Sandbox.Settings("n1").RunAs ?? "" };
        using var other = Process.Start(start)!;
        try
        {
            former[0] = other.Id.ToString(CultureInfo.InvariantCulture);
            await File.WriteAllLinesAsync(pidFile, former, Stop);
            story["n1"].Postmaster.ShouldBeNull();
            await story.StepAsync("n1 start", n1 => n1.StartPrimaryAsync("", Stop), "n1");
            await story.IsAsync("n1", PostgresState.Primary);
            other.HasExited.ShouldBeFalse();
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact]
    public async Task A_frozen_server_is_looked_at_within_the_limit_and_killed()
    {
        await using var story = new PostgresStory();
        await story.MakePrimaryAsync("n1");
        await story["n1"].LookAsync(Stop);
        const int Looks = 200;
        var started = Stopwatch.GetTimestamp();
        for (var look = 0; look < Looks; look++)
            await story["n1"].LookAsync(Stop);
        PostgresStory.Say($"{Looks} looks", started);

        var postmaster = story["n1"].Postmaster!.Value;
        bool IsOfServer(ProcessStat stat) => stat.Pid == postmaster.Pid || stat.Parent == postmaster.Pid;
        foreach (var stat in ProcessStat.All().Where(IsOfServer))
            new ProcessIdentity(stat.Pid, stat.StartTicks).TrySignal(Signal.Stop).ShouldBeTrue();
        started = Stopwatch.GetTimestamp();
        (await story["n1"].LookAsync(Stop)).State.ShouldBe(PostgresState.Starting);
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
        PostgresStory.Say("look at a frozen server", started);
        var stopped = await story["n1"].StopAsync(TimeSpan.FromMilliseconds(300), Stop);
        (stopped.Ok, story.Signal("n1"), story["n1"].Postmaster).ShouldBe((true, true, null));
        stopped.Why.ShouldContain("killed");
    }

    [Fact]
    public async Task The_server_lives_in_a_leaf_of_its_own_where_that_is_permitted()
    {
        await using var story = new PostgresStory();
        if (!Environment.IsPrivilegedProcess
            || Cgroup.Own()?.TryCreate($"holdfast-{Environment.ProcessId}") is not { } parent)
        {
            Assert.Skip("no cgroup v2 that we may write");
            return;
        }
        try
        {
            var settings = story.Sandbox.Settings("n1") with { CgroupParent = parent.Path };
            await using var instance = new PostgresInstance(settings, NullLogger<PostgresInstance>.Instance);
            (await instance.InitializeAsync(Stop)).ShouldBe(StepResult.Done);
            (await instance.StartPrimaryAsync("", Stop)).ShouldBe(StepResult.Done);
            await Eventually.IsAsync(
                "primary", async () => (await instance.LookAsync(Stop)).State == PostgresState.Primary);
            var members = await File.ReadAllLinesAsync(instance.Cgroup!.ProcsFile, Stop);
            var pid = instance.Postmaster!.Value.Pid.ToString(CultureInfo.InvariantCulture);
            members.Contains(pid, StringComparer.Ordinal).ShouldBeTrue();
            members.Length.ShouldBeGreaterThan(3);
            instance.Kill();
            await Eventually.IsAsync("leaf is empty", () => instance.Cgroup.IsEmpty && instance.Postmaster is null);
            Directory.Delete(instance.Cgroup.Path);
        }
        finally
        {
            Directory.Delete(parent.Path);
        }
    }

    [Fact]
    public async Task A_copy_that_moves_nothing_is_given_up()
    {
        await using var sandbox = new PostgresSandbox();
        var settings = sandbox.Settings("n1");
        var user = OsUser.ToBecome(settings.RunAs);
        var files = new DurableFiles(user);
        var programs = new Programs(settings, new DataDirectory(settings.DataDirectory, files), files, user);
        var limits = new RunLimits(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2));
        var result = await programs.RunPathAsync("sh", ["-c", "sleep 1000 & wait"], limits, Stop);
        (result.Ok, result.Why).ShouldBe((false, "sh stalled: nothing moved for 00:00:02"));
        await Eventually.IsAsync("its children ended", () =>
            !ProcessStat.All().Any(stat => FileIdentity.Of($"/proc/{stat.Pid}/cwd") is { } cwd
                && cwd == FileIdentity.Of(settings.DataDirectory + ".work")));
    }
}
