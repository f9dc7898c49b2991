using Holdfast.Cluster.Model;
using Holdfast.Edge.Health;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Edge;

public sealed class InstancesTests : IAsyncDisposable
{
    readonly FakeApp _a = new("a"), _b = new("b");

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lost_store_takes_nothing_away_and_a_found_one_brings_the_news()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a], EdgeUnderTest.Watchful);
        edge.Store.IsReachable = false;
        (await edge.Client.GetStringAsync("/", Stop)).ShouldBe("a");

        edge.Store.IsReachable = true;
        await edge.AnnounceAsync(_b);
        await edge.UntilAsync(_b, Standing.Usable);
    }

    [Fact]
    public async Task An_instance_without_key_stays_while_it_serves_and_goes_when_it_does_not()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b], EdgeUnderTest.Watchful);
        await edge.WithdrawAsync(_a);
        var pings = _a.Pings;
        await Wait.UntilAsync(() => _a.Pings > pings + 1, "checked again");
        edge.Find(_a)!.Standing.ShouldBe(Standing.Usable);

        await _a.KillAsync();
        await Wait.UntilAsync(() => edge.Find(_a) is null, "forgotten");
        (await edge.Client.GetStringAsync("/", Stop)).ShouldBe("b");

        _a.Restart();
        await edge.AnnounceAsync(_a);
        await edge.UntilAsync(_a, Standing.Usable);
    }

    [Fact]
    public async Task An_instance_with_key_stays_known_while_it_is_down()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a], EdgeUnderTest.Watchful);
        await _a.KillAsync();
        await edge.UntilAsync(_a, Standing.Out);
        using (var answer = await edge.Client.GetAsync("/", Stop))
            ((int)answer.StatusCode).ShouldBe(503);

        _a.Restart();
        await edge.UntilAsync(_a, Standing.Usable);
        (await edge.Client.GetStringAsync("/", Stop)).ShouldBe("a");
    }

    [Fact]
    public async Task A_draining_instance_gets_nothing_new()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a, _b]);
        await edge.AnnounceAsync(_a, AppState.Draining);
        await edge.UntilAsync(_a, Standing.Draining);
        for (var turn = 0; turn < 4; turn++)
            (await edge.Client.GetStringAsync("/", Stop)).ShouldBe("b");

        await _b.KillAsync(); // Not even when it is the last one.
        using var answer = await edge.Client.GetAsync("/", Stop);
        ((int)answer.StatusCode).ShouldBe(502);
        _a.Requests.ShouldBeEmpty();
    }

    [Theory, InlineData(AppState.Starting), InlineData(AppState.Unhealthy), InlineData(AppState.Failed)]
    public async Task What_the_supervisor_makes_of_it_is_advice(AppState state)
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a]);
        await edge.AnnounceAsync(_b, state);
        await edge.UntilAsync(_b, Standing.Usable);
    }

    [Fact]
    public async Task An_edge_that_starts_while_the_store_is_away_serves_by_the_file()
    {
        await using var edge = await EdgeUnderTest.StartAsync([], expected: [_a], isStoreAway: true);
        await edge.UntilAsync(_a, Standing.Usable);
        (await edge.Client.GetStringAsync("/", Stop)).ShouldBe("a");
    }

    [Fact]
    public async Task An_instance_that_moved_is_served_at_its_new_address()
    {
        await using var edge = await EdgeUnderTest.StartAsync([_a], EdgeUnderTest.Watchful);
        await using var moved = new FakeApp("a");
        await edge.AnnounceAsync(moved);
        await _a.KillAsync();
        await Wait.UntilAsync(() => edge.Find(_a) is null, "the old one is forgotten");
        await edge.UntilAsync(moved, Standing.Usable);
        await edge.Client.GetStringAsync("/", Stop);
        moved.Requests.Count.ShouldBe(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
    }
}
