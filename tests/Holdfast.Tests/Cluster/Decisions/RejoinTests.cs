using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

public sealed class RejoinTests
{
    static readonly ClusterView View = Of("n1", "n2").LedBy("n1", term: 50);

    static HaDecision Decide(SelfView self) => Ha.Decide(View, self, Quorum);

    static HistoryView History(HistoryVerdict verdict, bool rewound = false, long term = 50) =>
        new(new Term(term), verdict, rewound);

    [Fact]
    public void A_stopped_node_compares_histories_first() =>
        Decide(Self("n2", PostgresState.Stopped)).ShouldBeOfType<CompareHistory>();

    [Fact]
    public void A_comparison_with_an_older_term_is_made_again() =>
        Decide(Self("n2", PostgresState.Stopped) with { History = History(HistoryVerdict.Same, term: 49) })
            .ShouldBeOfType<CompareHistory>();

    [Fact]
    public void A_node_of_the_same_history_streams() =>
        Decide(Self("n2", PostgresState.Stopped) with { History = History(HistoryVerdict.Same) })
            .ShouldBeOfType<StartReplica>();

    [Fact]
    public void A_diverged_node_rewinds_once_and_then_clones()
    {
        Decide(Self("n2", PostgresState.Stopped) with { History = History(HistoryVerdict.Diverged) })
            .ShouldBeOfType<Rewind>();
        Decide(Self("n2", PostgresState.Stopped) with { History = History(HistoryVerdict.Diverged, rewound: true) })
            .ShouldBeOfType<CloneFrom>();
    }

    [Fact]
    public void A_running_replica_follows_a_new_leader_whose_history_it_shares()
    {
        var replica = Self("n2", PostgresState.Replica);
        Decide(replica).ShouldBeOfType<CompareHistory>();
        Decide(replica with { History = History(HistoryVerdict.Unknown) }).ShouldBeOfType<CompareHistory>();
        Decide(replica with { History = History(HistoryVerdict.Same) }).ShouldBeOfType<Follow>();
        Decide(replica with { History = History(HistoryVerdict.Diverged) }).ShouldBeOfType<StopReplica>();
        Decide(replica with { History = History(HistoryVerdict.OtherSystem) }).ShouldBeOfType<Wait>();
        Decide(Following()).ShouldBeOfType<Wait>();
    }

    [Fact]
    public void While_the_leader_is_promoted_a_replica_compares_and_follows_only_if_nothing_more_can_come()
    {
        var promoted = View with
        {
            Members = [.. View.Members.Select(member => member with { Role = "replica", Term = Term.None })],
        };
        HaDecision Early(SelfView self) => Ha.Decide(promoted, self, Quorum);
        var free = Self("n2", PostgresState.Replica);
        var same = History(HistoryVerdict.Same) with { IsEarly = true };
        var bound = free with { Postgres = free.Postgres with { PrimaryConninfo = "host=10.0.0.9 port=5432 " } };

        Early(free).ShouldBeOfType<CompareHistory>().IsEarly.ShouldBeTrue();
        Early(free with { History = same with { Verdict = HistoryVerdict.Unknown } }).ShouldBeOfType<Wait>();
        Early(free with { History = same }).ShouldBeOfType<Follow>();
        Early(bound with { History = same }).ShouldBeOfType<Wait>("its source may still send");

        promoted = promoted with
        {
            Release = new ReleaseView(new NodeName("n9"), new Term(49), "switchover") { End = (1, new Lsn(999)) },
        };
        Early(bound with { History = same }).ShouldBeOfType<Follow>("its source has ended, and it has the end");
    }

    [Fact]
    public void Once_the_leader_writes_an_early_comparison_is_enough_only_if_it_fits()
    {
        var replica = Self("n2", PostgresState.Replica);
        var early = History(HistoryVerdict.Same) with { IsEarly = true };
        Decide(replica with { History = early }).ShouldBeOfType<Follow>();
        Decide(replica with { History = early with { Verdict = HistoryVerdict.Diverged } })
            .ShouldBeOfType<CompareHistory>().IsEarly.ShouldBeFalse();
        var silent = Following() with { NotStreaming = TimeSpan.FromSeconds(3), History = early };
        Decide(silent).ShouldBeOfType<CompareHistory>("what came since is not in it");
    }

    [Fact]
    public void A_replica_that_does_not_stream_compares_and_stops_when_diverged()
    {
        var silent = Following() with { NotStreaming = TimeSpan.FromSeconds(3) };
        Decide(silent).ShouldBeOfType<CompareHistory>();
        Decide(silent with { History = History(HistoryVerdict.Diverged) }).ShouldBeOfType<StopReplica>();
    }

    [Fact]
    public void A_replica_that_can_not_stream_for_a_minute_is_cloned_again()
    {
        var stuck = Following() with { History = History(HistoryVerdict.Same) };
        Decide(stuck with { NotStreaming = TimeSpan.FromSeconds(59) }).ShouldBeOfType<Wait>();
        Decide(stuck with { NotStreaming = TimeSpan.FromSeconds(61) }).ShouldBeOfType<CloneFrom>();
    }

    [Fact]
    public void A_replica_whose_log_the_leader_removed_is_cloned_after_ten_seconds()
    {
        var lost = Following() with { History = History(HistoryVerdict.Removed) };
        Decide(lost with { NotStreaming = TimeSpan.FromSeconds(9) }).ShouldBeOfType<Wait>();
        Decide(lost with { NotStreaming = TimeSpan.FromSeconds(11) }).ShouldBeOfType<CloneFrom>();
        Decide(Self("n2", PostgresState.Stopped) with { History = History(HistoryVerdict.Removed) })
            .ShouldBeOfType<CloneFrom>();
    }

    [Fact]
    public void A_clone_that_failed_is_tried_again_after_a_pause_and_says_why()
    {
        var self = Self("n2", PostgresState.Stopped, DataState.Empty);
        var failed = self with { CloneFailed = new FailureView("no room for a clone", TimeSpan.FromSeconds(9)) };
        Decide(failed).ShouldBeOfType<Wait>().Why.ShouldContain("no room for a clone");
        Decide(self with { CloneFailed = new FailureView("no room", TimeSpan.FromSeconds(11)) })
            .ShouldBeOfType<CloneFrom>();
    }

    [Fact]
    public void Whoever_is_named_to_take_over_learns_the_names_of_its_reign_before()
    {
        var view = View.Synchronous("n1", 1, "n2", "n3").Naming("n2");
        var ready = Ha.Decide(view, Following(), Quorum).ShouldBeOfType<MakeReady>();
        ready.Names.Text.ShouldBe("ANY 1 (\"n1\",\"n3\")");
        var replica = Following();
        var knows = replica with { Postgres = replica.Postgres with { SynchronousStandbyNames = ready.Names.Text } };
        Ha.Decide(view, knows, Quorum).ShouldBeOfType<Wait>();
    }

    static SelfView Following() => Self("n2", PostgresState.Replica).Following("10.0.0.1");
}
