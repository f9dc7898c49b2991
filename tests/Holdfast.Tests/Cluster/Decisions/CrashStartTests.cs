using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class CrashStartTests
{
    static readonly ClusterView View = Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3");
    static readonly SelfView Crashed = Self("n1", PostgresState.Stopped).Leading();

    static HaDecision Decide(SelfView self, ClusterView? view = null, double? timeout = null) => Ha.Decide(
        view ?? View, self,
        timeout is { } seconds ? Quorum with { PrimaryStartTimeout = TimeSpan.FromSeconds(seconds) } : Quorum);

    static ClusterView Without(string name) => View with
    {
        Members = [.. View.Members.Where(member => member.Name.Value != name)],
    };

    [Fact]
    public void A_first_crash_is_started_in_place() => Decide(Crashed).ShouldBeOfType<StartPrimary>();

    [Fact]
    public void A_start_sooner_than_a_failover_is_made_in_place() =>
        Decide(Crashed with { ExpectedStart = TimeSpan.FromSeconds(0.6) }).ShouldBeOfType<StartPrimary>();

    [Fact]
    public void A_start_later_than_a_failover_is_left_to_another()
    {
        var slow = Crashed with { ExpectedStart = TimeSpan.FromSeconds(4) };
        Decide(slow).ShouldBeOfType<Release>().Why.ShouldContain("4.0 s");
        Decide(slow, Without("n2")).ShouldBeOfType<StartPrimary>("one voter alone is no election");
    }

    [Fact]
    public void With_a_timeout_of_zero_another_takes_over_if_there_is_one()
    {
        Decide(Crashed, timeout: 0).ShouldBeOfType<Release>();
        Decide(Crashed, Without("n3"), timeout: 0).ShouldBeOfType<StartPrimary>();
        Decide(Crashed, Of("n1", "n2").LedBy("n1").Synchronous("n1", 0), timeout: 0).ShouldBeOfType<StartPrimary>();
    }

    [Fact]
    public void Voters_that_may_not_be_promoted_are_nobody_to_leave_it_to()
    {
        var barred = View with { Members = [.. View.Members.Select(member => member with { NoFailover = true })] };
        Decide(Crashed, barred, timeout: 0).ShouldBeOfType<StartPrimary>();
    }

    [Fact]
    public void In_asynchronous_mode_any_running_replica_will_do()
    {
        var settings = Quorum with { SynchronousMode = SynchronousMode.Off, PrimaryStartTimeout = TimeSpan.Zero };
        Ha.Decide(Of("n1", "n2").LedBy("n1"), Crashed, settings).ShouldBeOfType<Release>();
        Ha.Decide(Of("n1").LedBy("n1"), Crashed, settings).ShouldBeOfType<StartPrimary>();
    }

    [Fact]
    public void The_first_start_of_a_cluster_is_always_here() =>
        Decide(Crashed with { Bootstrapping = true }, timeout: 0).ShouldBeOfType<StartPrimary>();

    [Fact]
    public void A_start_beyond_the_timeout_is_given_up_also_while_its_job_runs()
    {
        var starting = Self("n1", PostgresState.Starting).Leading() with { Starting = TimeSpan.FromSeconds(11) };
        var job = new JobView(CrashStart.JobName, TimeSpan.FromSeconds(11));
        Decide(starting, timeout: 10).ShouldBeOfType<Release>();
        Decide(starting with { Job = job }, timeout: 10).ShouldBeOfType<Release>();
        Decide(starting with { Job = job }, timeout: 12).ShouldBeOfType<Wait>();
        Decide(starting with { Job = new JobView("hand over", default) }, timeout: 10).ShouldBeOfType<Wait>();
        Decide(starting with { Starting = TimeSpan.FromSeconds(1) }, timeout: 0).ShouldBeOfType<Wait>();
    }
}
