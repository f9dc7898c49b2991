using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy.Routing.Patroni;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Patroni;

/// <summary>Asking members over HTTP.</summary>
public sealed class PatroniPollTests : IAsyncLifetime
{
    readonly FakePatroni _p1 = new("p1"), _p2 = new("p2");
    readonly CancellationTokenSource _over = new();
    readonly PatroniPoll _poll;
    Task _running = Task.CompletedTask;

    public PatroniPollTests()
    {
        _poll = new PatroniPoll([_p1.Url], () => BootClock.Now, NullLogger.Instance);
        _p1.Lists(_p1, _p2);
        _p2.Lists(_p1, _p2);
    }

    ClusterView? View => _poll.Current?.View;
    string? Leader => View?.Leader?.Holder.Value;
    string RoleOf(string name) => View?.Member(new NodeName(name))?.Role ?? "";

    public ValueTask InitializeAsync()
    {
        _running = _poll.RunAsync(_over.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _running;
        _poll.Dispose();
        _p1.Dispose();
        _p2.Dispose();
        _over.Dispose();
    }

    [Fact]
    public async Task All_members_are_found_through_one()
    {
        _p2.Says("master", timeline: 3, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p2" && RoleOf("p1") == "replica", "both are known");
        (View!.Leader!.Term, View.LeaderPosition, View.Settings!.Ttl)
            .ShouldBe((new Term(3), new Lsn(1000), TimeSpan.FromSeconds(20)));
        View.Member(new NodeName("p1"))!.Replayed.ShouldBe(new Lsn(900));
    }

    [Fact]
    public async Task A_promotion_is_followed_while_the_former_primary_is_silent()
    {
        var told = 0;
        _poll.Changed += () => Interlocked.Increment(ref told);
        _p1.Says("primary", timeline: 3, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p1", "p1 leads");
        _p1.IsSilent = true;
        var before = Volatile.Read(ref told);
        _p2.Says("primary", timeline: 4, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p2", "p2 leads");
        (View!.Leader!.Term, Volatile.Read(ref told) > before).ShouldBe((new Term(4), true));
    }

    [Fact]
    public async Task A_primary_that_lost_the_lock_leads_no_more()
    {
        _p1.Says("primary", timeline: 3, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p1", "p1 leads");
        _p1.Says("primary", timeline: 3);
        await Wait.UntilAsync(() => Leader is null, "nobody leads");
        RoleOf("p1").ShouldBe("primary");
    }

    [Fact]
    public async Task A_silent_primary_makes_the_view_older()
    {
        _p1.Says("primary", timeline: 3, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p1", "p1 leads");
        _p1.IsSilent = true;
        await Wait.UntilAsync(() => BootClock.Now - _poll.Current!.FreshAt > 2 * PatroniPoll.Every, "older");
        Leader.ShouldBe("p1");
        _p1.IsSilent = false;
        await Wait.UntilAsync(() => BootClock.Now - _poll.Current!.FreshAt < PatroniPoll.Every, "fresh again");
    }

    [Fact]
    public async Task A_member_of_another_system_is_not_believed()
    {
        _p1.Says("primary", timeline: 3, isLeader: true);
        await Wait.UntilAsync(() => Leader == "p1" && RoleOf("p2") == "replica", "both are known");
        _p2.Says("primary", timeline: 9, isLeader: true, system: "8");
        await Wait.UntilAsync(() => RoleOf("p2") == "", "it is no member");
        Leader.ShouldBe("p1");
    }

    [Fact]
    public async Task A_member_that_joins_is_found()
    {
        _p1.Lists(_p1);
        _p1.Says("replica", timeline: 3);
        await Wait.UntilAsync(() => RoleOf("p1") == "replica", "p1 is known");
        _p2.Says("primary", timeline: 3, isLeader: true);
        _p1.Lists(_p1, _p2);
        await Wait.UntilAsync(() => Leader == "p2", "p2 was found");
    }
}
