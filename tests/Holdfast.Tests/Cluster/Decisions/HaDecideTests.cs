using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class HaDecideTests
{
    static HaDecision Decide(ClusterView? view, SelfView self) => Ha.Decide(view, self, Quorum);

    [Fact]
    public void A_primary_without_a_counted_lease_is_fenced_even_while_a_job_runs() =>
        Decide(Of("n1", "n2").LedBy("n1"), Self("n1", PostgresState.Primary) with { Job = new JobView("x", default) })
            .ShouldBeOfType<Fence>();

    [Fact]
    public void Without_an_answer_of_the_store_a_replica_waits() =>
        Decide(null, Self("n1", PostgresState.Replica)).ShouldBeOfType<Wait>();

    [Fact]
    public void A_holder_that_is_a_replica_promotes_with_the_names_of_the_key()
    {
        var view = Of("n1", "n2", "n3").LedBy("n2").Synchronous("n2", 1, "n1", "n3");
        var promote = Decide(view, Self("n2", PostgresState.Replica).Leading()).ShouldBeOfType<Promote>();
        promote.Names.Text.ShouldBe("ANY 1 (\"n1\",\"n3\")");
    }

    [Theory]
    [InlineData(SynchronousMode.On, 0, "2 (\"n1\",\"n3\")")]
    [InlineData(SynchronousMode.On, 1, "ANY 1 (\"n1\",\"n3\")")]
    [InlineData(SynchronousMode.Off, 1, "ANY 1 (\"n1\",\"n3\")")]
    public void The_names_of_a_start_are_those_of_the_key_in_every_mode(SynchronousMode mode, int quorum, string names)
    {
        var view = Of("n1", "n2", "n3").LedBy("n2").Synchronous("n2", quorum, "n1", "n3");
        var start = Ha.Decide(
            view, Self("n2", PostgresState.Stopped).Leading(), Quorum with { SynchronousMode = mode });
        start.ShouldBeOfType<StartPrimary>().Names.Text.ShouldBe(names);
    }

    [Fact]
    public void A_holder_whose_postgres_ended_starts_it_in_place() =>
        Decide(Of("n1", "n2").LedBy("n1"), Self("n1", PostgresState.Stopped).Leading()).ShouldBeOfType<StartPrimary>();

    [Fact]
    public void A_holder_whose_replica_ended_before_its_promotion_gives_the_lock_back()
    {
        var self = Self("n1", PostgresState.Stopped).Leading();
        Decide(Of("n1", "n2").LedBy("n1"), self with { Postgres = self.Postgres with { WasReplica = true } })
            .ShouldBeOfType<Release>();
    }

    [Fact]
    public void Three_failed_starts_release_the_lock() =>
        Decide(Of("n1", "n2").LedBy("n1"), Self("n1", PostgresState.Stopped).Leading() with { FailedStarts = 3 })
            .ShouldBeOfType<Release>();

    [Fact]
    public void A_start_that_takes_too_long_releases_the_lock() =>
        Decide(
            Of("n1", "n2").LedBy("n1"),
            Self("n1", PostgresState.Starting).Leading() with { Starting = TimeSpan.FromSeconds(301) })
            .ShouldBeOfType<Release>();

    [Fact]
    public void A_lock_that_is_ours_by_name_only_is_released() =>
        Decide(Of("n1", "n2").LedBy("n1"), Self("n1", PostgresState.Stopped)).ShouldBeOfType<Release>();

    [Fact]
    public void A_lock_just_taken_is_not_released_before_its_first_renewal() =>
        Decide(Of("n1", "n2").LedBy("n1"), Self("n1", PostgresState.Replica) with { LeasePending = true })
            .ShouldBeOfType<Wait>();

    [Fact]
    public void Without_its_required_watchdog_a_node_gives_the_lock_back_and_takes_none()
    {
        Decide(
            Of("n1", "n2").LedBy("n1"),
            Self("n1", PostgresState.Replica) with { LeasePending = true, WatchdogFailed = true })
            .ShouldBeOfType<Release>();
        Decide(Of("n1", "n2").Synchronous("n1", 0, "n2"),
            Self("n2", PostgresState.Replica).Campaigning() with { WatchdogFailed = true })
            .ShouldBeOfType<Wait>().Why.ShouldContain("watchdog");
    }

    [Fact]
    public void Another_system_identifier_is_refused_naming_both()
    {
        var self = Self("n2", PostgresState.Stopped);
        var stranger = self with { Postgres = self.Postgres with { SystemIdentifier = "42" } };
        var wait = Decide(Of("n1", "n2").LedBy("n1"), stranger).ShouldBeOfType<Wait>();
        wait.Why.ShouldContain("42");
        wait.Why.ShouldContain(Clusters.System);
    }

    [Fact]
    public void In_a_restored_store_nobody_campaigns() =>
        Decide(
            Of("n1", "n2").Synchronous("n1", 0, "n2"),
            Self("n2", PostgresState.Replica).Campaigning() with { StoreRestored = true }).ShouldBeOfType<Wait>();

    [Fact]
    public void A_stopped_node_without_a_leader_starts_as_a_replica() =>
        Decide(Of("n1", "n2"), Self("n2", PostgresState.Stopped)).ShouldBeOfType<StartReplica>();

    [Fact]
    public void Who_released_the_lock_leaves_the_first_second_to_those_who_can_take_it()
    {
        var released = Of("n1", "n2") with
        {
            Release = new ReleaseView(new NodeName("n1"), new Term(50), "switchover"),
        };
        var self = Self("n1", PostgresState.Stopped) with
        {
            Lock = LockFreedom.Released,
            Leaderless = TimeSpan.FromSeconds(0.9),
        };
        Decide(released, self).ShouldBeOfType<Wait>();

        Decide(released, self with { Leaderless = TimeSpan.FromSeconds(1) }).ShouldBeOfType<StartReplica>();
        Decide(released, self with { Lock = LockFreedom.Free }).ShouldBeOfType<StartReplica>("a later reign ended");
        Decide(released, self with { Name = new NodeName("n2") }).ShouldBeOfType<StartReplica>("not its own release");
        Decide(released with { Members = [.. released.Members.Take(1)] }, self).ShouldBeOfType<StartReplica>("alone");
    }

    [Fact]
    public void An_unfinished_directory_is_never_started_and_is_cloned_again()
    {
        Decide(Of("n1", "n2"), Self("n2", PostgresState.Stopped, DataState.Unfinished)).ShouldBeOfType<Wait>();
        Decide(Of("n1", "n2").LedBy("n1"), Self("n2", PostgresState.Stopped, DataState.Unfinished))
            .ShouldBeOfType<CloneFrom>();
    }

    [Fact]
    public void An_empty_node_clones_only_from_a_promoted_leader()
    {
        var view = Of("n1", "n2").LedBy("n1");
        Decide(view, Self("n2", PostgresState.Stopped, DataState.Empty)).ShouldBeOfType<CloneFrom>();
        var early = view with { Members = [.. view.Members.Select(member => member with { Role = "replica" })] };
        Decide(early, Self("n2", PostgresState.Stopped, DataState.Empty)).ShouldBeOfType<Wait>();
    }
}
