using Holdfast.Agent.Observe;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Observe;

public sealed class WordsTests
{
    static SelfView Self(PostgresState state, string? job = null, bool hasLease = true, bool isOpen = true) => new()
    {
        Name = new NodeName("n1"),
        Postgres = new PostgresView { State = state, Data = DataState.Usable },
        HasLease = hasLease,
        IsOpen = isOpen,
        Job = job is null ? null : new JobView(job, TimeSpan.Zero),
    };

    [Fact]
    public void A_primary_that_is_not_open_is_starting_and_primary()
    {
        var self = Self(PostgresState.Primary, isOpen: false);
        (Words.State(self), Words.Role(self)).ShouldBe(("starting", "primary"));
        (Words.State(self with { IsOpen = true }), Words.Role(self)).ShouldBe(("running", "primary"));
    }

    [Fact]
    public void Who_hands_over_runs_until_it_answers_no_more()
    {
        Words.State(Self(PostgresState.Primary, "hand over")).ShouldBe("running");
        Words.State(Self(PostgresState.Starting, "hand over")).ShouldBe("stopping");
        Words.State(Self(PostgresState.Stopped, "hand over")).ShouldBe("stopped");
    }

    [Fact]
    public void A_replica_needs_no_opening() =>
        Words.State(Self(PostgresState.Replica, hasLease: false, isOpen: false)).ShouldBe("running");
}
