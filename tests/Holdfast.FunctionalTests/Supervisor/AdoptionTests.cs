using Holdfast.Foundation.Processes;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Programs;
using Holdfast.Supervisor.Status;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Programs outlive their supervisor, and the next one finds them.</summary>
public sealed class AdoptionTests : IDisposable
{
    readonly NodeFolder _node = new();
    readonly CancellationToken _stop = TestContext.Current.CancellationToken;
    readonly ProgramSpec _spec = TestNode.Program("steady", "exec sleep 1000");

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task A_running_program_is_adopted_watched_and_stopped()
    {
        var starter = new ProgramStarter(new Children(_node.Paths.CgroupBase), _node.Paths);
        var first = starter.Start(_spec).Identity;
        await Wait.UntilAsync(() => starter.TryAdopt(_spec) is not null, "its record", _stop);
        using var probe = new HealthProbe();
        using var ending = new CancellationTokenSource();
        var runner = Runner(probe);
        var life = runner.RunAsync([], ending.Token);
        await Wait.UntilAsync(() => runner.Status.State == ProgramState.Ready, "ready", _stop);
        runner.Status.Pid.ShouldBe(first.Pid);

        first.TrySignal(Signal.Kill).ShouldBeTrue();
        await Wait.UntilAsync(() => runner.Status is { State: ProgramState.Ready, Restarts: 1 }, "a new life", _stop);
        var second = ProcessIdentity.Of(runner.Status.Pid!.Value)!.Value;
        second.ShouldNotBe(first);

        await ending.CancelAsync();
        await life;
        second.IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task An_adopted_program_is_stopped_with_what_it_started()
    {
        var spec = _spec with { Command = ["sh", "-c", "setsid sleep 1000 & exec sleep 1000"] };
        var starter = new ProgramStarter(new Children(_node.Paths.CgroupBase), _node.Paths);
        var first = starter.Start(spec);
        await Wait.UntilAsync(() => starter.TryAdopt(spec) is not null, "its record", _stop);
        var parent = first.Identity.Pid;
        await Wait.UntilAsync(() => ProcessStat.All().Any(stat => stat.Parent == parent), "its child", _stop);
        var stat = ProcessStat.All().First(stat => stat.Parent == parent);
        var child = new ProcessIdentity(stat.Pid, stat.StartTicks);
        using var probe = new HealthProbe();
        using var ending = new CancellationTokenSource();
        var runner = Runner(probe);
        var life = runner.RunAsync([], ending.Token);
        await Wait.UntilAsync(() => runner.Status.State == ProgramState.Ready, "ready", _stop);
        await ending.CancelAsync();
        await life;
        first.Identity.IsAlive.ShouldBeFalse();
        if (_node.Paths.CgroupBase is not null)
            await Wait.UntilAsync(() => !child.IsAlive, "its child is gone", _stop);
    }

    [Fact]
    public async Task A_record_of_a_process_that_has_ended_is_nobody_s_although_the_pid_lives_again()
    {
        var own = ProcessStat.Read(Environment.ProcessId)!.Value;
        var line = await File.ReadAllTextAsync("/proc/self/stat", _stop);
        await File.WriteAllTextAsync(
            _node.Paths.RecordOf("steady"), line.Replace($" {own.StartTicks} ", $" {own.StartTicks - 1} "), _stop);
        new ProgramStarter(new Children(_node.Paths.CgroupBase), _node.Paths).TryAdopt(_spec).ShouldBeNull();
    }

    ProgramRunner Runner(HealthProbe probe) => new(
        _spec,
        (spec, _, _) => ValueTask.FromResult(spec),
        new ProgramStarter(new Children(_node.Paths.CgroupBase), _node.Paths),
        probe,
        NullLogger.Instance);
}
