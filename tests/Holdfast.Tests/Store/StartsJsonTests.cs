using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Store.Layout;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class StartsJsonTests
{
    static readonly PrimaryStart Complete = new()
    {
        Number = 7, By = new NodeName("n1"), Term = new Term(42), Timeline = 3, ParentTimeline = 2,
        PostmasterStarted = 1_764_345_600_123_456, NextXid = ulong.MaxValue,
    };

    static readonly PrimaryStart Intended = new() { Number = 8, By = new NodeName("n2") };

    [Fact]
    public void What_is_written_is_read_again()
    {
        var json = StartsJson.Write([Complete, Intended]);

        json.ShouldBe("[{\"number\":7,\"by\":\"n1\",\"term\":42,\"timeline\":3,\"parent_timeline\":2,"
            + "\"postmaster_started\":1764345600123456,\"next_xid\":\"18446744073709551615\"},"
            + "{\"number\":8,\"by\":\"n2\"}]");
        StartsJson.Read(json).ShouldBe([Complete, Intended]);
        Intended.IsComplete.ShouldBeFalse();
    }

    [Fact]
    public void The_start_after_that_of_a_postmaster_is_the_next_in_the_list()
    {
        var view = new ClusterView { Revision = 1, Starts = [Complete, Intended] };
        view.StartAfter(Complete.By, Complete.PostmasterStarted).ShouldBe(Intended);
        view.StartAfter(Complete.By, Complete.PostmasterStarted + 1).ShouldBeNull();
        view.StartAfter(Intended.By, Complete.PostmasterStarted).ShouldBeNull();
        view.StartAfter(Intended.By, 0).ShouldBeNull("an intent has no postmaster yet");
    }

    [Fact]
    public void The_newest_are_kept()
    {
        var many = Enumerable.Range(1, StartsJson.KeptMax + 5)
            .Select(number => Intended with { Number = number }).ToImmutableArray();

        var kept = StartsJson.Read(StartsJson.Write(many));

        kept.Length.ShouldBe(StartsJson.KeptMax);
        kept[^1].ShouldBe(many[^1]);
    }

    [Theory]
    [InlineData("""[{"number":1,"by":"n1"},{"number":3,"by":"n1"}]""")]
    [InlineData("""[{"number":1,"by":"n1"},{"number":2}]""")]
    [InlineData("""[{"by":"n1"}]""")]
    [InlineData("""[{"number":1,"by":"n1"},7]""")]
    [InlineData("""{"number":1,"by":"n1"}""")]
    [InlineData("""[{"number":1,"by":"n1","timeline":99999999999}]""")]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData(null)]
    public void A_list_with_a_gap_or_an_entry_that_cannot_be_read_tells_nothing(string? json) =>
        StartsJson.Read(json).ShouldBeEmpty();
}
