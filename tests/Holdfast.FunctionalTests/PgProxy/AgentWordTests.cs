using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Holdfast.Doubles.PgProxy;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>A proxy that no longer hears the store, and the agents of the members that it knew.</summary>
public sealed class AgentWordTests : IAsyncLifetime
{
    readonly FakeAgent _n1 = new(), _n2 = new();
    readonly FakeTopology _store = new();
    readonly AgentWord _word;
    readonly CancellationTokenSource _over = new();
    Task _asking = Task.CompletedTask;

    public AgentWordTests()
    {
        _word = new AgentWord(_store, () => BootClock.Now);
        var view = Clusters.Of("n1", "n2").LedBy("n1", term: 50);
        _store.Show(view with
        {
            Members = [view.Members[0] with { ApiUrl = _n1.Url }, view.Members[1] with { ApiUrl = _n2.Url }],
        });
    }

    ClusterView Shown => _word.Current!.View;

    public ValueTask InitializeAsync()
    {
        _asking = _word.RunAsync(_over.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _asking;
        _word.Dispose();
        _n1.Dispose();
        _n2.Dispose();
        _over.Dispose();
    }

    void LoseTheStore() => _store.Blind(2 * Clusters.Quorum.Ttl);

    bool IsFresh => BootClock.Now - _word.Current!.FreshAt < Clusters.Quorum.Ttl;

    [Fact]
    public async Task The_leader_whose_lease_is_in_force_keeps_the_view_fresh()
    {
        _n1.Says("n1", "primary", hasLease: true, term: 50);
        LoseTheStore();
        IsFresh.ShouldBeFalse();
        await Wait.UntilAsync(() => IsFresh, "the word of n1 counts");
        Shown.Leader!.Holder.Value.ShouldBe("n1");
    }

    [Fact]
    public async Task Another_member_with_a_newer_lease_leads()
    {
        var told = 0;
        _word.Changed += () => Interlocked.Increment(ref told);
        _n1.Says("n1", "replica", hasLease: false, term: 0);
        _n2.Says("n2", "primary", hasLease: true, term: 60);
        LoseTheStore();
        await Wait.UntilAsync(() => Shown.Leader!.Holder.Value == "n2", "n2 is followed");
        Shown.Leader!.Term.ShouldBe(new Term(60));
        Shown.Members.Select(member => member.Role).ShouldBe(["replica", "primary"]);
        IsFresh.ShouldBeTrue();
        Volatile.Read(ref told).ShouldBe(1);
    }

    [Fact]
    public async Task Of_two_who_say_so_the_newer_lease_counts()
    {
        _n1.Says("n1", "primary", hasLease: true, term: 50);
        _n2.Says("n2", "primary", hasLease: true, term: 60);
        LoseTheStore();
        await Wait.UntilAsync(() => Shown.Leader!.Holder.Value == "n2", "n2 is followed");
    }

    [Theory]
    [InlineData("n2", "primary", false, 60)]
    [InlineData("n2", "replica", true, 60)]
    [InlineData("n9", "primary", true, 60)]
    [InlineData("n2", "primary", true, 40)]
    public async Task A_word_without_a_lease_a_role_the_right_name_or_a_newer_term_moves_nobody(
        string name, string role, bool hasLease, long term)
    {
        _n2.Says(name, role, hasLease, term);
        LoseTheStore();
        await Wait.UntilAsync(() => _n2.Answered > 1, "n2 was asked, and its first answer was taken");
        Shown.Leader!.Holder.Value.ShouldBe("n1");
        IsFresh.ShouldBeFalse();
    }

    [Fact]
    public async Task The_store_outranks_an_agent_again_once_it_answers()
    {
        _n2.Says("n2", "primary", hasLease: true, term: 60);
        var view = _store.Current!.View;
        LoseTheStore();
        await Wait.UntilAsync(() => Shown.Leader!.Holder.Value == "n2", "n2 is followed");
        _store.Show(view.LedBy("n1", term: 70));
        Shown.Leader!.ShouldBe(_store.Current!.View.Leader);
    }
}
