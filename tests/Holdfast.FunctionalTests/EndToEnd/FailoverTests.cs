using Holdfast.Lab.Machine;
using Holdfast.Lab.Status;
using Holdfast.Lab.Workloads;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>Real faults under real load: how long clients could not write, and that nothing acknowledged was
/// lost.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FailoverTests(RunningLab lab) : IAsyncDisposable
{
    const double NoOutageMs = 1_000, LeaseMs = 3_000;
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Longer than the load of that test runs.</summary>
    static readonly TimeSpan WithoutMajority = TimeSpan.FromSeconds(12);

    /// <summary>A test that failed may have left its fault in place; the next one is about another fault.</summary>
    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            await lab.MendAsync();
    }

    /// <summary>The last of a test: it may be skipped where the machine is too slow for its limit in time.</summary>
    static async Task ShouldKeepPromisesAsync(TrafficReport report, double outageMsMax)
    {
        report.Lost.ShouldBe(0);
        report.DualWriters.ShouldBe(0);
        report.Acknowledged.ShouldBeGreaterThan(0);
        if (report.LongestOutageMs > outageMsMax)
            await PostgresAlone.SkipWhereSlowAsync(report.LongestOutageMs - outageMsMax);
        report.LongestOutageMs.ShouldBeLessThanOrEqualTo(outageMsMax);
    }

    [Fact]
    public async Task A_killed_postmaster_costs_two_seconds_at_most()
    {
        var primary = await lab.WholeAsync();
        using var load = await Load.StartAsync(lab);
        await lab.LabAsync("fault", "kill-program", primary, "postgres");
        var (report, _) = await load.EndAsync();
        await lab.WholeAsync();
        await ShouldKeepPromisesAsync(report, 2_000);
    }

    [Fact]
    public async Task A_killed_host_costs_five_seconds_at_most_and_rejoins()
    {
        var primary = await lab.WholeAsync();
        using (var etcd = new EtcdLeadership(lab.State, lab.File))
            await etcd.PutAsync(primary, off: true, Stop);
        await ShouldKeepPromisesAsync(await KillHostAsync(primary), 5_000);
    }

    [Fact]
    public async Task A_killed_host_with_etcds_leader_costs_six_seconds_at_most_and_rejoins()
    {
        var report = await KillHostAsync(await lab.WholeAsync(), withEtcdLeader: true);
        await ShouldKeepPromisesAsync(report, 6_000);
    }

    async Task<TrafficReport> KillHostAsync(string primary, bool withEtcdLeader = false)
    {
        using var load = await Load.StartAsync(lab);
        if (withEtcdLeader)
        {
            // Its supervisor would move it away again at once.
            await lab.LabAsync("fault", "pause", primary, "supervisor");
            using var etcd = new EtcdLeadership(lab.State, lab.File);
            await etcd.PutAsync(primary, off: false, Stop);
        }
        await lab.LabAsync("fault", "kill-host", primary);
        var (report, _) = await load.EndAsync();
        await lab.LabAsync("fault", "start-host", primary);
        await lab.WholeAsync();
        return report;
    }

    [Fact]
    public async Task A_frozen_agent_is_no_outage_or_a_fenced_failover()
    {
        var primary = await lab.WholeAsync();
        using var load = await Load.StartAsync(lab);
        var watch = new FenceWatch(lab, primary);
        await lab.LabAsync("fault", "pause", primary, "agent");
        var (report, attempts) = await load.EndAsync();
        await TryResumeAsync(primary);
        await lab.WholeAsync();
        await watch.ShouldPrecedeTakeoverAsync(attempts);
        await ShouldKeepPromisesAsync(report, 6_000);
    }

    [Fact]
    public async Task A_primary_that_is_cut_off_is_fenced_before_another_writes()
    {
        var primary = await lab.WholeAsync();
        using var load = await Load.StartAsync(lab);
        var watch = new FenceWatch(lab, primary);
        await lab.LabAsync("fault", "cut", primary);
        var (report, attempts) = await load.EndAsync();
        await lab.LabAsync("fault", "heal", primary);
        await lab.WholeAsync();
        attempts.Max(attempt => attempt.Timeline)
            .ShouldBeGreaterThan(attempts.Where(attempt => attempt.Timeline > 0).Min(attempt => attempt.Timeline));
        await watch.ShouldPrecedeTakeoverAsync(attempts);
        await ShouldKeepPromisesAsync(report, 6_000);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task One_stopped_member_of_etcd_is_no_outage(bool leader)
    {
        var primary = await lab.WholeAsync();
        using var etcd = new EtcdLeadership(lab.State, lab.File);
        await etcd.PutAsync(primary, off: true, Stop);
        var leading = await etcd.HostAsync(Stop);
        var member = leader
            ? leading
            : lab.State.Hosts.First(host => host.Name != leading && host.Name != primary).Name;
        using var load = await Load.StartAsync(lab);
        await StopEtcdAsync(member);
        var (report, _) = await load.EndAsync();
        await TryResumeAsync(member);
        await lab.WholeAsync();
        await ShouldKeepPromisesAsync(report, NoOutageMs);
    }

    [Fact]
    public async Task Without_a_majority_of_etcd_nobody_is_promoted_and_it_recovers()
    {
        var primary = await lab.WholeAsync();
        var others = lab.State.Hosts.Where(host => host.Name != primary).Select(host => host.Name).ToList();
        using var load = await Load.StartAsync(lab, seconds: 10);
        foreach (var host in others)
            await StopEtcdAsync(host);
        var stopped = Writer.Now;
        // The traffic compares with the primary at its end, so the majority comes back once its writers have stopped.
        var ending = load.EndAsync();
        _ = await Wait.ForAsync(() => ending.IsCompleted, WithoutMajority, TestContext.Current.CancellationToken);
        foreach (var host in others)
            await TryResumeAsync(host);
        var (report, attempts) = await ending;
        await lab.WholeAsync();
        report.Lost.ShouldBe(0);
        report.DualWriters.ShouldBe(0);
        attempts.Where(attempt => attempt.SentMs > stopped && attempt.Server is not null)
            .ShouldAllBe(attempt => attempt.Server == lab.State.Host(primary).Address);
        using var again = await Load.StartAsync(lab, seconds: 3);
        await ShouldKeepPromisesAsync((await again.EndAsync()).Report, NoOutageMs);
    }

    [Fact]
    public async Task A_killed_host_is_replaced_before_its_lease_ends_where_that_is_asked_for()
    {
        var primary = await lab.WholeAsync();
        await lab.ConfigureAsync(primary, """{"early_takeover":true}""");
        using (var etcd = new EtcdLeadership(lab.State, lab.File))
            await etcd.PutAsync(primary, off: true, Stop);
        var report = await KillHostAsync(primary);
        var next = await lab.WholeAsync();
        var events = await lab.ExecAsync(
            next, "etcdctl", "get", "--prefix", $"/holdfast/{lab.File.Cluster}/events/", "--print-value-only");
        events.Trim().Split('\n')[^1].ShouldContain("was silent, and refused by a quorum");
        await lab.ConfigureAsync(next, """{"early_takeover":null}""");
        await ShouldKeepPromisesAsync(report, 5_000);
    }

    [Fact]
    public async Task In_failsafe_mode_all_of_etcd_may_stop_for_a_while()
    {
        var primary = await lab.WholeAsync();
        await lab.ConfigureAsync(primary, """{"failsafe_mode":true}""");
        using var http = LabHttp.Client(lab.State, WithoutMajority);
        (await Wait.ForAsync(
            async () =>
            {
                var asked = await http.GetStringAsync(lab.Agent(primary, "failsafe"), Stop);
                return lab.State.Hosts.All(host => asked.Contains($"\"{host.Name}\"", StringComparison.Ordinal));
            },
            WithoutMajority, Stop)).ShouldBeTrue();
        using var load = await Load.StartAsync(lab);
        // The supervisors go on: each is the second owner of its host's deadline.
        foreach (var host in lab.State.Hosts)
            await lab.LabAsync("fault", "pause", host.Name, HostProgram.Etcd);
        var stopped = Writer.Now;
        (await Wait.ForAsync(() => Writer.Now - stopped > 3 * LeaseMs, WithoutMajority, Stop)).ShouldBeTrue();
        foreach (var host in lab.State.Hosts)
            await TryResumeAsync(host.Name);
        var (report, attempts) = await load.EndAsync();
        attempts.Where(attempt => attempt.Server is not null)
            .ShouldAllBe(attempt => attempt.Server == lab.State.Host(primary).Address);
        await lab.ConfigureAsync(await lab.WholeAsync(), """{"failsafe_mode":null}""");
        await ShouldKeepPromisesAsync(report, NoOutageMs);
    }

    [Fact]
    public async Task A_switchover_under_load_costs_two_seconds_at_most()
    {
        var primary = await lab.WholeAsync();
        using var load = await Load.StartAsync(lab);
        await lab.ExecAsync(lab.State.Hosts[0].Name, "holdfast", "switchover", "--force");
        var (report, _) = await load.EndAsync();
        (await lab.WholeAsync() == primary).ShouldBeFalse("the primary should have moved");
        await ShouldKeepPromisesAsync(report, 2_000);
    }

    /// <summary>Stopped for good, not restarted: so its supervisor stands still as well.</summary>
    async Task StopEtcdAsync(string host)
    {
        await lab.LabAsync("fault", "pause", host, HostProgram.Supervisor);
        await lab.LabAsync("fault", "pause", host, HostProgram.Etcd);
    }

    /// <summary>Everything on the host, however much of it was paused; a supervisor may have replaced it
    /// meanwhile.</summary>
    Task<string> TryResumeAsync(string host) => lab.LabAsync("fault", "resume", host);

    static class HostProgram
    {
        public const string Supervisor = "supervisor", Etcd = "etcd";
    }
}
