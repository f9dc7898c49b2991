using Holdfast.Foundation.Processes;
using Holdfast.Lab;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Lab;

public sealed class FaultsTests
{
    /// <summary>A busy machine may stand still for seconds.</summary>
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    static async Task<string> StateOfAsync(StandInLab lab, string host) =>
        (await StatusReader.ReadAsync(lab.State, Stop)).Hosts.Single(line => line.Name == host).State;

    static Task<IReadOnlyList<ProcessIdentity>> ProcessesAsync(StandInLab lab, string host, string program) =>
        new HostProcesses(lab.State, lab.State.Host(host)).OfAsync(program, Stop);

    static async Task SettledAsync(StandInLab lab, string host)
    {
        var cgroup = lab.Folders.CgroupOf(host);
        var settled = await Wait.ForAsync(
            () => cgroup.Named("postgres").Sum(leaf => leaf.Processes().Count) >= 3, Soon, Stop);
        settled.ShouldBeTrue();
    }

    [Fact]
    public async Task A_killed_host_keeps_its_data_and_comes_back()
    {
        await using var lab = await StandInLab.StartAsync();
        (await lab.AskAsync("n1", "touch /var/lib/holdfast/kept /run/holdfast/gone; ls " +
            "/run/holdfast")).ShouldContain("gone");
        await HostFaults.KillAsync(lab.State, lab.State.Host("n1"), Stop);
        (await StateOfAsync(lab, "n1")).ShouldBe("down");
        lab.Folders.CgroupOf("n1").Processes().ShouldBeEmpty();
        await Should.ThrowAsync<LabException>(() => lab.ExecAsync("n1", "true"));
        await HostFaults.StartAsync(lab.State, lab.State.Host("n1"), Stop);
        (await lab.AskAsync("n1", "ls /var/lib/holdfast /run/holdfast")).ShouldContain("kept");
        (await lab.AskAsync("n1", "ls /run/holdfast")).ShouldNotContain("gone");
        (await lab.AskAsync("n1", "ip -o -4 addr show dev eth0")).ShouldContain("10.77.0.11/24");
    }

    [Fact]
    public async Task A_killed_supervisor_is_started_again_and_its_programs_live_on()
    {
        await using var lab = await StandInLab.StartAsync();
        await SettledAsync(lab, "n1");
        var before = (await ProcessesAsync(lab, "n1", "supervisor")).Single();
        var etcd = (await ProcessesAsync(lab, "n1", "etcd")).Single();
        _ = await ProgramFaults.KillAsync(lab.State, lab.State.Host("n1"), "supervisor", Stop);
        var host = lab.State.Host("n1");
        (await Wait.ForAsync(
            () => new HostProcesses(lab.State, host).SupervisorProcess is { } now && now != before, Soon, Stop))
            .ShouldBeTrue();
        etcd.IsAlive.ShouldBeTrue();
        (await StatusReader.ReadAsync(lab.State, Stop)).Hosts[0].Programs[0].Restarts.ShouldBe(1);
    }

    [Fact]
    public async Task Orphans_of_a_host_are_reaped()
    {
        await using var lab = await StandInLab.StartAsync();
        await SettledAsync(lab, "n1");
        var etcd = (await ProcessesAsync(lab, "n1", "etcd")).Single();
        _ = await ProgramFaults.KillAsync(lab.State, lab.State.Host("n1"), "supervisor", Stop);
        etcd.TrySignal(Signal.Kill);
        (await Wait.ForAsync(() => !etcd.Exists, Soon, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task Killing_postgres_takes_its_children_and_nobody_else()
    {
        await using var lab = await StandInLab.StartAsync();
        await SettledAsync(lab, "n2");
        var postgres = await ProcessesAsync(lab, "n2", "postgres");
        postgres.Count.ShouldBe(3);
        var agent = (await ProcessesAsync(lab, "n2", "agent")).Single();
        (await ProgramFaults.KillAsync(lab.State, lab.State.Host("n2"), "postgres", Stop)).ShouldBe(3);
        (await Wait.ForAsync(() => postgres.All(process => !process.IsAlive), Soon, Stop)).ShouldBeTrue();
        agent.IsAlive.ShouldBeTrue();
        await Should.ThrowAsync<LabException>(
            () => ProgramFaults.KillAsync(lab.State, lab.State.Host("n2"), "postgres", Stop));
    }

    [Fact]
    public async Task A_paused_program_stands_still_until_it_is_resumed()
    {
        await using var lab = await StandInLab.StartAsync();
        await SettledAsync(lab, "n1");
        var agent = (await ProcessesAsync(lab, "n1", "agent")).Single();
        _ = await ProgramFaults.PauseAsync(lab.State, lab.State.Host("n1"), "agent", Stop);
        (await Wait.ForAsync(() => ProcessStat.Read(agent.Pid)?.State == 'T', Soon, Stop)).ShouldBeTrue();
        await HostFaults.ResumeAsync(lab.State, lab.State.Host("n1"), Stop);
        (await Wait.ForAsync(() => ProcessStat.Read(agent.Pid)?.State == 'S', Soon, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_app_of_the_file_is_paused_and_killed_like_any_program()
    {
        await using var lab = await StandInLab.StartAsync();
        await SettledAsync(lab, "n1");
        var feed = (await ProcessesAsync(lab, "n1", "feed")).Single();
        (await ProgramFaults.PauseAsync(lab.State, lab.State.Host("n1"), "feed", Stop)).ShouldBe(1);
        (await Wait.ForAsync(() => ProcessStat.Read(feed.Pid)?.State == 'T', Soon, Stop)).ShouldBeTrue();
        (await ProgramFaults.KillAsync(lab.State, lab.State.Host("n1"), "feed", Stop)).ShouldBe(1);
        (await Wait.ForAsync(() => !feed.IsAlive, Soon, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_paused_host_can_be_taken_down()
    {
        await using var lab = await StandInLab.StartAsync();
        await HostFaults.PauseAsync(lab.State, lab.State.Host("n3"), Stop);
        (await StateOfAsync(lab, "n3")).ShouldBe("paused");
        _ = await lab.DownAsync(LabDown.Grace);
        Traces.Of(lab.Name).ShouldBeEmpty();
    }

    [Fact]
    public async Task Wrong_words_are_told_the_right_ones()
    {
        await using var lab = await StandInLab.StartAsync();
        Should.Throw<LabException>(() => lab.State.Host("n9")).Message.ShouldContain("did you mean 'n1'?");
        var misspelt = () => ProgramFaults.KillAsync(lab.State, lab.State.Host("n1"), "postgre", Stop);
        (await Should.ThrowAsync<LabException>(misspelt))
            .Message.ShouldBe("no program 'postgre'; did you mean 'postgres'? (there are: supervisor, etcd, agent, " +
                "postgres, pgproxy, feed)");
    }
}
