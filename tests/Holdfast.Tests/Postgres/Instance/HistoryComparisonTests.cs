using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Instance;

public sealed class HistoryComparisonTests
{
    const string System = "7000000000000000001";

    [Theory]
    [InlineData("shut down", "0/5000000", HistoryVerdict.Diverged)] // its last checkpoint never reached the source
    [InlineData("shut down", "0/4FFFF88", HistoryVerdict.Same)] // the source left right after it
    [InlineData("in production", "0/4000000", HistoryVerdict.Same)] // and the log holds nothing more
    [InlineData("in production", "0/6000000", HistoryVerdict.Diverged)]
    public void A_former_primary_is_judged_by_where_the_source_left_its_timeline(
        string state, string checkpoint, HistoryVerdict expected) =>
        Compare(Local(state, checkpoint), Source("1\t0/5000000\tpromoted", timeline: 2)).ShouldBe(expected);

    [Fact]
    public void A_record_in_the_log_after_the_switch_is_divergence() =>
        Compare(Local("in production", "0/4000000"), Source("1\t0/5000000\tx", timeline: 2), passed: true)
            .ShouldBe(HistoryVerdict.Diverged);

    [Fact]
    public void A_crashed_primary_never_joins_another_primary_of_the_same_timeline()
    {
        Compare(Local("in production", "0/4000000"), Source("", timeline: 1)).ShouldBe(HistoryVerdict.Diverged);
        Compare(Local("in production", "0/4000000"), Source("", timeline: 1) with { InRecovery = true })
            .ShouldBe(HistoryVerdict.Unknown);
    }

    [Fact]
    public void Equal_timeline_numbers_with_different_switches_are_different_histories() =>
        Compare(Local("in archive recovery", "0/6000000", baseHistory: "1\t0/4000000\tx", timeline: 2),
            Source("1\t0/5000000\tx", timeline: 2)).ShouldBe(HistoryVerdict.Diverged);

    [Fact]
    public void A_promotion_of_our_own_that_the_source_does_not_know_is_divergence() =>
        Compare(
            Local("in production", "0/4000000") with { Newer = [TimelineHistory.Parse(2, "1\t0/4800000\tmine")] },
            Source("1\t0/5000000\tother's", timeline: 2)).ShouldBe(HistoryVerdict.Diverged);

    [Fact]
    public void A_replica_behind_the_switch_streams_on()
    {
        Compare(Local("shut down in recovery", "0/4000000"), Source("1\t0/5000000\tx\n2\t0/5100000\tx", timeline: 3))
            .ShouldBe(HistoryVerdict.Same);
        Compare(Local("shut down in recovery", "0/4000000"), Source("", timeline: 1)).ShouldBe(HistoryVerdict.Same);
    }

    // Seen: it had replayed a record more than the new primary ever had. It hears of each new timeline all the same,
    // and the segment is written anew from its begin, so nothing stands behind the switch in its log.
    [Theory]
    [InlineData(1, "0/5000080", HistoryVerdict.Diverged)]
    [InlineData(1, "0/5000000", HistoryVerdict.Same)]
    [InlineData(2, "0/5000080", HistoryVerdict.Same)]
    [InlineData(0, "0/5000080", HistoryVerdict.Same)]
    public void A_replica_that_replayed_past_the_switch_can_not_follow_it(
        int timeline, string position, HistoryVerdict expected) =>
        Compare(
            Local("in archive recovery", "0/4000000") with
            {
                Newer = [TimelineHistory.Parse(2, "1\t0/5000000\tx")],
                Running = Lsn.Parse(position),
                RunningTimeline = timeline,
            },
            Source("1\t0/5000000\tx", timeline: 2)).ShouldBe(expected);

    [Fact]
    public void Another_system_is_named_before_anything_else() =>
        Compare(Local("shut down", "0/4000000"), Source("", timeline: 1) with { SystemIdentifier = "1" })
            .ShouldBe(HistoryVerdict.OtherSystem);

    [Fact]
    public void The_log_is_asked_at_every_switch_that_local_history_could_have_passed() =>
        HistoryComparison.LeftAt(
            Local("in archive recovery", "0/6000000", baseHistory: "1\t0/5000000\tx", timeline: 2),
            Source("1\t0/5000000\tx\n2\t0/7000000\tx\n3\t0/8000000\tx", timeline: 4))
            .Select(point => (point.Timeline, point.End.ToString())).ShouldBe([(2, "0/7000000"), (3, "0/8000000")]);

    [Fact]
    public void A_history_file_is_read_with_its_comments() =>
        TimelineHistory.Parse(3, "# a comment\n1\t0/3000060\tno recovery target specified\n\n2\t1/A0\tbefore 2020\n")
            .Switches.ShouldBe(
            [
                new TimelineSwitch(1, new Lsn(0x3000060), "no recovery target specified"),
                new TimelineSwitch(2, new Lsn(0x1_000000A0), "before 2020"),
            ]);

    [Fact]
    public void Timelines_of_one_number_and_one_begin_are_told_apart_by_what_stands_there()
    {
        var local = Local("in production", "0/5000000", baseHistory: "1\t0/5000000\tx", timeline: 2);
        var source = Source("1\t0/5000000\tx\n2\t0/7000000\tx", timeline: 3);

        HistoryComparison.SharedBegin(local, source).ShouldBe((2, Lsn.Parse("0/5000000")));
        Compare(local, source).ShouldBe(HistoryVerdict.Same);
        Compare(local, source, otherBegin: true).ShouldBe(HistoryVerdict.Diverged);
        HistoryComparison.SharedBegin(Local("in production", "0/4000000"), source).ShouldBeNull();
    }

    static HistoryVerdict Compare(
        LocalHistory local, SourceHistory source, bool passed = false, bool otherBegin = false) =>
        HistoryComparison.Compare(local, source, passed, otherBegin).Verdict;

    static LocalHistory Local(string state, string checkpoint, string baseHistory = "", int timeline = 1) => new(
        new ControlFacts
        {
            SystemIdentifier = System,
            State = state,
            Checkpoint = Lsn.Parse(checkpoint),
            CheckpointTimeline = timeline,
            MinimumRecovery = Lsn.Zero,
            MinimumRecoveryTimeline = 0,
            Floors = ImmutableSortedDictionary<string, int>.Empty,
        },
        TimelineHistory.Parse(timeline, baseHistory),
        []);

    static SourceHistory Source(string history, int timeline) =>
        new(System, InRecovery: false, Lsn.Parse("0/9000000"), TimelineHistory.Parse(timeline, history));
}
