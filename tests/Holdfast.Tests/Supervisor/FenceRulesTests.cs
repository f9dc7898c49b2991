using Holdfast.Cluster.Model;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class FenceRulesTests
{
    const string Boot = "boot", Data = "/var/lib/holdfast";

    static readonly FenceTicket Valid = new()
    {
        BootId = Boot,
        DeadlineNs = 2_000,
        Term = 5,
        LeaseId = 1,
        PostmasterPid = 100,
        PostmasterStart = 1,
        DataDirectory = "/var/lib/holdfast/postgres/data",
        Cgroup = "/sys/fs/cgroup/node/pg/postgres",
    };

    static readonly FenceTicket NoRight = Valid with { DeadlineNs = 0 };

    static readonly PostgresSight
        APrimary = new(PostmasterRuns: true, StandbySignal: false, DataDirectoryExists: true),
        AStandby = new(PostmasterRuns: true, StandbySignal: true, DataDirectoryExists: true),
        AStoppedPrimary = new(PostmasterRuns: false, StandbySignal: false, DataDirectoryExists: true);

    [Fact]
    public void A_first_ticket_is_taken() => Refusal(null, Valid).ShouldBeNull();

    [Fact]
    public void A_renewal_is_taken() => Refusal(Valid, Valid with { DeadlineNs = 3_000 }).ShouldBeNull();

    [Fact]
    public void A_right_to_write_can_be_given_back() => Refusal(Valid, NoRight).ShouldBeNull();

    [Fact]
    public void An_older_term_is_refused() =>
        Refusal(Valid, Valid with { Term = 4 }).ShouldBe("term 4 is older than 5");

    [Fact]
    public void A_ticket_of_another_boot_is_refused() =>
        Refusal(null, Valid with { BootId = "other" }).ShouldBe("the ticket is of boot other, this is boot boot");

    [Fact]
    public void A_deadline_that_has_passed_is_refused() =>
        Refusal(Valid, Valid with { DeadlineNs = 999 }).ShouldNotBeNull();

    [Theory]
    [InlineData("/")]
    [InlineData("/var/lib/holdfast")]
    [InlineData("/var/lib/holdfast2/data")]
    [InlineData("/var/lib/holdfast/../mysql")]
    [InlineData("relative")]
    public void Nobody_has_us_kill_what_works_elsewhere(string directory) =>
        Refusal(null, Valid with { DataDirectory = directory }).ShouldNotBeNull();

    [Theory]
    [InlineData("/sys/fs/cgroup/node")]
    [InlineData("/sys/fs/cgroup")]
    [InlineData("/sys/fs/cgroup/node/")]
    public void Nobody_has_the_supervisor_kill_itself(string cgroup) =>
        Refusal(null, Valid with { Cgroup = cgroup }).ShouldNotBeNull();

    [Fact]
    public void Before_the_deadline_a_primary_goes_on() => Verdict(Valid, 1_999, APrimary).ShouldBeNull();

    [Fact]
    public void At_the_deadline_a_primary_is_killed() =>
        Verdict(Valid, 2_000, APrimary).ShouldBe("the deadline of term 5 has passed");

    [Fact]
    public void At_the_deadline_nobody_looks_first() =>
        FenceRules.Verdict(Valid, 2_000, () => throw new InvalidOperationException("a frozen disk")).ShouldNotBeNull();

    [Fact]
    public void A_demoting_primary_that_already_looks_like_a_standby_is_killed_at_its_deadline() =>
        Verdict(Valid, 2_000, AStandby).ShouldNotBeNull();

    [Fact]
    public void A_standby_needs_no_right_to_write() => Verdict(NoRight, 2_000, AStandby).ShouldBeNull();

    [Fact]
    public void A_primary_without_the_right_to_write_is_killed() => Verdict(NoRight, 1, APrimary).ShouldNotBeNull();

    [Fact]
    public void A_primary_that_nobody_has_told_us_of_is_killed() => Verdict(null, 1, APrimary).ShouldNotBeNull();

    [Fact]
    public void Where_nothing_runs_nothing_is_killed() => Verdict(NoRight, 1, AStoppedPrimary).ShouldBeNull();

    [Fact]
    public void Giving_back_the_right_kills_what_a_dead_postmaster_left_behind() =>
        FenceRules.VerdictOnChange(Valid, NoRight, () => AStoppedPrimary).ShouldNotBeNull();

    [Fact]
    public void Giving_back_the_right_leaves_a_standby_alone() =>
        FenceRules.VerdictOnChange(Valid, NoRight, () => AStandby).ShouldBeNull();

    static string? Refusal(FenceTicket? current, FenceTicket next) =>
        FenceRules.Refusal(current, next, 1_000, Boot, Data, "/sys/fs/cgroup/node");

    static string? Verdict(FenceTicket? ticket, long now, PostgresSight sight) =>
        FenceRules.Verdict(ticket, now, () => sight);
}
