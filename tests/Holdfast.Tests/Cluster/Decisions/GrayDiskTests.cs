using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class GrayDiskTests
{
    static readonly DynamicSettings Asynchronous = Clusters.Quorum with { SynchronousMode = SynchronousMode.Off };

    static ClusterView Three => Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 1, "n2", "n3");

    static HaDecision Decide(ClusterView view, SelfView self, DynamicSettings? settings = null) =>
        Ha.Decide(view, self, settings ?? Clusters.Quorum);

    static SelfView Sick(SelfView self, DiskTrouble trouble = DiskTrouble.Full) =>
        self with { Disk = new DiskView(trouble, "it says so", TimeSpan.FromSeconds(3)) };

    static SelfView Primary(params string[] streaming)
    {
        var self = Self("n1", PostgresState.Primary).Leading();
        return self with { Postgres = self.Postgres with { WalSenders = [.. streaming.Select(Sender)] } };
    }

    static WalSenderView Sender(string name) => new()
    {
        Name = new NodeName(name), Pid = 1, State = "streaming", SyncState = "quorum", Flushed = new Lsn(1000),
    };

    static ClusterView With(ClusterView view, string name, Func<MemberView, MemberView> change) => view with
    {
        Members = [.. view.Members.Select(member => member.Name.Value == name ? change(member) : member)],
    };

    [Theory]
    [InlineData(DiskTrouble.Full, 2)]
    [InlineData(DiskTrouble.ReadOnly, 2)]
    [InlineData(DiskTrouble.Error, 2)]
    [InlineData(DiskTrouble.Hung, 0)]
    public void A_primary_that_cannot_write_steps_down_for_one_that_can(DiskTrouble trouble, int stopLimitSeconds)
    {
        var down = Decide(Three, Sick(Primary("n2", "n3"), trouble)).ShouldBeOfType<StepDown>();
        down.StopLimit.TotalSeconds.ShouldBe(stopLimitSeconds);
        down.Why.ShouldContain("n2 can write");
    }

    [Fact]
    public void A_well_primary_leads_on() => Decide(Three, Primary("n2", "n3")).ShouldBeOfType<Lead>();

    [Fact]
    public void It_stays_when_nobody_else_can_write()
    {
        static MemberView Full(MemberView member) => member with { Disk = "full" };
        Decide(With(With(Three, "n2", Full), "n3", Full), Sick(Primary("n2", "n3"))).ShouldBeOfType<Lead>();
        Decide(Three, Sick(Primary())).ShouldBeOfType<Lead>("nobody streams");
        static MemberView Barred(MemberView member) => member with { NoFailover = true };
        Decide(With(With(Three, "n2", Barred), "n3", Barred), Sick(Primary("n2", "n3"))).ShouldBeOfType<Lead>();
    }

    [Fact]
    public void A_sick_voter_answers_for_its_position_and_inherits_nothing() =>
        Decide(With(Three, "n2", member => member with { Disk = "error" }), Sick(Primary("n2", "n3")))
            .ShouldBeOfType<StepDown>().Why.ShouldContain("n3 can write");

    [Fact]
    public void It_stays_when_too_few_voters_stream_to_elect_one() =>
        Decide(Three, Sick(Primary("n3"))).ShouldBeOfType<Lead>("one takes the lock, and one other must answer it");

    [Fact]
    public void A_standby_outside_the_synchronous_set_is_no_heir() =>
        Decide(Three.Synchronous("n1", 0), Sick(Primary("n2", "n3"))).ShouldBeOfType<Lead>();

    [Fact]
    public void Without_synchronous_standbys_the_lag_decides()
    {
        var view = Of("n1", "n2").LedBy("n1") with { Settings = Asynchronous };
        Decide(view, Sick(Primary("n2")), Asynchronous).ShouldBeOfType<StepDown>();
        var far = Primary("n2");
        far = far with { Postgres = far.Postgres with { Written = new Lsn(1000 + 1024 * 1024 + 1) } };
        Decide(view, Sick(far), Asynchronous).ShouldBeOfType<Lead>();
    }

    [Fact]
    public void A_postgres_that_panicked_on_a_full_disk_is_not_started_three_times() =>
        Decide(Three, Sick(Self("n1", PostgresState.Stopped).Leading())).ShouldBeOfType<Release>();

    [Fact]
    public void One_that_hangs_in_its_recovery_is_killed_for_another() =>
        Decide(Three, Sick(Self("n1", PostgresState.Starting).Leading(), DiskTrouble.Hung)).ShouldBeOfType<StepDown>();

    [Fact]
    public void A_winner_whose_disk_fails_is_not_promoted() =>
        Decide(Three.LedBy("n2"), Sick(Self("n2", PostgresState.Replica).Leading())).ShouldBeOfType<Release>();

    [Fact]
    public void A_sick_replica_does_not_campaign_and_says_why()
    {
        var view = Of("n1", "n2", "n3").Synchronous("n1", 1, "n2", "n3");
        var self = Self("n2", PostgresState.Replica).Campaigning(Peer("n3"));
        Decide(view, self).ShouldBeOfType<TakeLock>();
        Decide(view, Sick(self)).ShouldBeOfType<Wait>().Why.ShouldContain("the disk is full");
    }

    [Fact]
    public void A_sick_node_creates_no_cluster()
    {
        var empty = Of("n1") with { Initialize = null, Sync = null };
        var self = Self("n1", PostgresState.Stopped, DataState.Empty)
            .Campaigning(Peer("n2") with { SystemIdentifier = null }, Peer("n3") with { SystemIdentifier = null });
        Decide(empty, self).ShouldBeOfType<ClaimBootstrap>();
        Decide(empty, Sick(self)).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void A_former_primary_waits_for_its_disk_and_then_comes_back()
    {
        var view = Three.LedBy("n2", term: 60);
        var self = Self("n1", PostgresState.Stopped);
        Decide(view, Sick(self)).ShouldBeOfType<Wait>().Why.ShouldContain("waiting until it can be written again");
        Decide(view, self).ShouldBeOfType<CompareHistory>();
    }

    [Fact]
    public void A_lock_that_is_ours_by_name_only_is_released_with_a_sick_disk_too() =>
        Decide(Three, Sick(Self("n1", PostgresState.Stopped))).ShouldBeOfType<Release>();

    [Fact]
    public void A_running_replica_with_a_sick_disk_follows() =>
        Decide(Three, Sick(Self("n2", PostgresState.Replica) with
        {
            History = new HistoryView(Three.Leader!.Term, HistoryVerdict.Same, RewindTried: false),
        })).ShouldBeOfType<Follow>();
}
