using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Doubt;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Doubt;

public sealed class CommitRulesTests
{
    static readonly PrimaryStart s_first = Start("n1", began: 10, timeline: 1, parent: 1, next: 700);

    [Fact]
    public void What_the_next_start_gives_out_anew_was_never_committed() =>
        Judge(Evidence(xid: 900), s_first, Start("n2", 20, 2, 1, next: 900)).ShouldBe(CommitVerdict.Aborted);

    [Fact]
    public void What_is_in_the_history_is_asked_of_the_primary() =>
        Judge(Evidence(xid: 899), s_first, Start("n2", 20, 2, 1, next: 900)).ShouldBe(CommitVerdict.AskPrimary);

    [Fact]
    public void Only_the_first_start_after_its_own_tells() =>
        Judge(Evidence(xid: 900), s_first, Start("n2", 20, 2, 1, next: 900), Start("n3", 30, 3, 2, next: 2000))
            .ShouldBe(CommitVerdict.Aborted);

    [Fact]
    public void A_restart_in_place_goes_on_on_its_timeline() =>
        Judge(Evidence(xid: 899), s_first, Start("n1", 20, 1, 1, next: 900)).ShouldBe(CommitVerdict.AskPrimary);

    [Fact]
    public void A_primary_that_never_stopped_is_asked_itself() =>
        Judge(Evidence(xid: 899), s_first).ShouldBe(CommitVerdict.AskPrimary);

    [Fact]
    public void While_nobody_leads_it_stays_open()
    {
        Judge(hasPrimary: false, Evidence(xid: 899), s_first).ShouldBe(CommitVerdict.Open);
        Judge(hasPrimary: false, Evidence(xid: 899), s_first, Start("n2", 20, 2, 1, next: 900))
            .ShouldBe(CommitVerdict.Open);
    }

    [Fact]
    public void A_start_that_is_not_over_is_waited_for_even_if_somebody_seems_to_lead() =>
        Judge(Evidence(xid: 899), s_first, Start("n1", began: 0, timeline: 0, parent: 0, next: null))
            .ShouldBe(CommitVerdict.Open);

    [Fact]
    public void An_unknown_next_id_proves_nothing()
    {
        Judge(Evidence(xid: 900), s_first, Start("n2", 20, 2, 1, next: null)).ShouldBe(CommitVerdict.Unknown);
        Judge(Evidence(xid: 900), s_first, Start("n2", 0, 0, 0, next: null), Start("n3", 30, 3, 2, next: 1000))
            .ShouldBe(CommitVerdict.Unknown);
    }

    [Fact]
    public void Another_history_proves_nothing() =>
        Judge(Evidence(xid: 900), s_first, Start("n2", 20, 5, 4, next: 900)).ShouldBe(CommitVerdict.Unknown);

    [Fact]
    public void A_start_that_is_not_written_down_proves_nothing()
    {
        Judge(Evidence(xid: 900, began: 11), s_first).ShouldBe(CommitVerdict.Unknown);
        Judge(Evidence(xid: 900)).ShouldBe(CommitVerdict.Unknown);
    }

    [Fact]
    public void Who_has_written_nothing_has_committed_unless_reads_can_fail()
    {
        Judge(Evidence(xid: null)).ShouldBe(CommitVerdict.Committed);
        Judge(Evidence(xid: null) with { IsSerializable = true }).ShouldBe(CommitVerdict.Unknown);
    }

    [Fact]
    public void Without_standbys_that_are_waited_for_nothing_is_told()
    {
        Judge(Evidence(xid: 900) with { IsDurable = false }, s_first, Start("n2", 20, 2, 1, next: 900))
            .ShouldBe(CommitVerdict.Unknown);
        CommitRules.Judge(
            Evidence(xid: 900), View([s_first, Start("n2", 20, 2, 1, next: 900)], SynchronousMode.Off), true)
            .ShouldBe(CommitVerdict.Unknown);
    }

    [Theory]
    [InlineData("committed", nameof(CommitVerdict.Committed))]
    [InlineData("aborted", nameof(CommitVerdict.Aborted))]
    [InlineData("in progress", nameof(CommitVerdict.Open))]
    [InlineData(null, nameof(CommitVerdict.Unknown))]
    public void The_primarys_word_counts(string? status, string verdict) =>
        CommitRules.OfStatus(status).ToString().ShouldBe(verdict);

    [Fact]
    public void Only_the_newest_start_is_asked()
    {
        CommitRules.IsNewest([s_first], new NodeName("n1"), 10).ShouldBeTrue();
        CommitRules.IsNewest([s_first], new NodeName("n1"), 11).ShouldBeFalse();
        CommitRules.IsNewest([s_first], new NodeName("n2"), 10).ShouldBeFalse();
        CommitRules.IsNewest([], new NodeName("n1"), 10).ShouldBeFalse();
    }

    static CommitVerdict Judge(CommitEvidence evidence, params PrimaryStart[] starts) => Judge(true, evidence, starts);

    static CommitVerdict Judge(bool hasPrimary, CommitEvidence evidence, params PrimaryStart[] starts) =>
        CommitRules.Judge(evidence, View(starts, SynchronousMode.Quorum), hasPrimary);

    static ClusterView View(PrimaryStart[] starts, SynchronousMode mode) => new()
    {
        Revision = 1,
        Starts = [.. starts.Select((start, at) => start with { Number = at + 1 })],
        Settings = new DynamicSettings { SynchronousMode = mode },
    };

    static CommitEvidence Evidence(ulong? xid, long began = 10) =>
        new(new NodeName("n1"), began, xid, IsSerializable: false, IsDurable: true);

    static PrimaryStart Start(string by, long began, int timeline, int parent, ulong? next) => new()
    {
        By = new NodeName(by),
        Term = new Term(1),
        Timeline = timeline,
        ParentTimeline = parent,
        PostmasterStarted = began,
        NextXid = next,
    };
}
