using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Act;

public sealed class StartLogTests
{
    readonly MemoryStore _store = new(TimeProvider.System);
    readonly TestAgent _n1, _n2;

    public StartLogTests() => (_n1, _n2) = (new TestAgent(_store, "n1"), new TestAgent(_store, "n2"));

    static CancellationToken Stop => TestAgent.Stop;

    static StartFacts InPlace(long postmaster, int timeline, ulong? xid) =>
        new(postmaster, timeline, timeline, xid, "");

    static StartFacts Promoted(long postmaster, int timeline, ulong? xid) =>
        new(postmaster, timeline, timeline - 1, xid, "");

    async Task<List<(string By, bool IsComplete, ulong? NextXid)>> ListAsync() =>
        [.. (await _n1.LookAsync()).Starts.Select(start => (start.By.Value, start.IsComplete, start.NextXid))];

    [Fact]
    public async Task A_start_is_intended_before_and_completed_after()
    {
        await _n1.TakeAsync(promotes: false);
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeTrue();
        (await ListAsync()).ShouldBe([("n1", false, null)]);
        _n1.Starts.Use();

        (await _n1.RecordAsync(InPlace(100, 1, 735))).ShouldBe(StepResult.Done);

        (await _n1.LookAsync()).Starts.ShouldHaveSingleItem().ShouldBe(new PrimaryStart
        {
            Number = 1, By = new NodeName("n1"), Term = _n1.Lease.State!.Term, Timeline = 1, ParentTimeline = 1,
            PostmasterStarted = 100, NextXid = 735,
        });
    }

    [Fact]
    public async Task The_intent_of_a_promotion_is_written_with_the_lock_and_serves_it()
    {
        await _n1.TakeAsync(promotes: false);
        await _n1.StartAsync(InPlace(100, 1, 735));
        await _n2.TakeAsync(promotes: true);
        (await ListAsync()).ShouldBe([("n1", true, 735ul), ("n2", false, null)]);

        (await _n2.StartAsync(Promoted(200, 2, 800))).ShouldBe(StepResult.Done);

        (await ListAsync()).ShouldBe([("n1", true, 735ul), ("n2", true, 800ul)]);
    }

    [Fact]
    public async Task Each_start_has_an_intent_of_its_own()
    {
        await _n1.TakeAsync(promotes: true);
        await _n1.StartAsync(Promoted(100, 1, 735));
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeTrue();
        _n1.Starts.Use(); // That start fails.
        await _n1.StartAsync(InPlace(102, 1, 900));

        (await ListAsync()).ShouldBe([("n1", true, 735ul), ("n1", false, null), ("n1", true, 900ul)]);
    }

    [Fact]
    public async Task An_intent_that_was_not_used_serves_the_next_try()
    {
        await _n1.TakeAsync(promotes: true);
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeTrue();
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeTrue();
        (await ListAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Who_lost_the_lock_writes_nothing()
    {
        await _n1.TakeAsync(promotes: true);
        await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop);
        _n1.Starts.Use();
        await _n2.TakeAsync(promotes: true);

        (await _n1.RecordAsync(Promoted(100, 2, 735))).Ok.ShouldBeFalse();
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeFalse();

        (await ListAsync()).ShouldBe([("n1", false, null), ("n2", false, null)]);
    }

    [Fact]
    public async Task A_list_that_another_wrote_meanwhile_is_not_overwritten()
    {
        await _n1.TakeAsync(promotes: false);
        var before = await _n1.LookAsync();
        await _n1.StartAsync(InPlace(100, 1, 735));

        (await _n1.Starts.IntendAsync(before, Stop)).ShouldBeFalse();

        (await ListAsync()).ShouldBe([("n1", true, 735ul)]);
        (await _n1.Starts.IntendAsync(await _n1.LookAsync(), Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task Without_the_store_nothing_starts()
    {
        await _n1.TakeAsync(promotes: false);
        var view = await _n1.LookAsync();
        _store.IsReachable = false;
        (await _n1.Starts.IntendAsync(view, Stop)).ShouldBeFalse();
        _n1.StoreIsSilent = true;
        (await _n1.Starts.IntendAsync(view, Stop)).ShouldBeFalse();
        (_store.IsReachable, _n1.StoreIsSilent) = (true, false);
        (await _n1.Starts.IntendAsync(view, Stop)).ShouldBeTrue();
    }

    [Fact]
    public async Task An_intent_whose_outcome_was_not_known_serves_once_it_is_seen()
    {
        await _n1.TakeAsync(promotes: false);
        var view = await _n1.LookAsync();
        _store.IsReachable = false;
        (await _n1.Starts.IntendAsync(view, Stop)).ShouldBeFalse();
        _store.IsReachable = true;
        // It arrives after all.
        await _store.CommitAsync(
            new Transaction(
                [], [new Operation.Put(TestAgent.Ours.Starts, StartsJson.Write(
                    Holdfast.Agent.Act.StartLog.WithIntent(view, new NodeName("n1"))))]),
            Stop);

        (await _n1.StartAsync(InPlace(100, 1, 735))).ShouldBe(StepResult.Done);

        (await ListAsync()).ShouldBe([("n1", true, 735ul)]);
    }

    [Fact]
    public async Task A_running_primary_whose_beginning_this_agent_did_not_see_is_recorded_without_T()
    {
        await _n1.TakeAsync(promotes: true);
        await _n1.StartAsync(Promoted(100, 2, 735));
        var restarted = new TestAgent(_store, "n1");
        restarted.Lease.Begin(_n1.Lease.State!, new LeaseTimes(TimeSpan.FromSeconds(3)));
        var look = new PostgresView
        {
            State = PostgresState.Primary, Data = DataState.Usable, PostmasterStarted = 100,
        };
        restarted.Starts.IsRecorded(await _n1.LookAsync(), look).ShouldBeTrue();
        restarted.Starts.IsRecorded(await _n1.LookAsync(), look with { PostmasterStarted = 101 }).ShouldBeFalse();

        await restarted.RecordAsync(InPlace(101, 2, 777));

        (await ListAsync()).ShouldBe([("n1", true, 735ul), ("n1", true, null)]);
    }

    [Fact]
    public async Task A_promotion_from_a_timeline_that_the_list_lacks_tells_no_T()
    {
        await _n1.TakeAsync(promotes: false);
        await _n1.StartAsync(InPlace(100, 1, 735));
        await _n2.TakeAsync(promotes: true);

        await _n2.StartAsync(Promoted(200, 3, 800)); // Of timeline 2 nobody wrote anything down.

        (await ListAsync()).ShouldBe([("n1", true, 735ul), ("n2", true, null)]);
    }

    [Fact]
    public async Task A_list_from_before_the_store_was_restored_is_begun_anew()
    {
        await _n1.TakeAsync(promotes: false);
        await _n1.StartAsync(InPlace(100, 1, 735));
        await _store.CommitAsync(new Transaction([], [new Operation.Put(TestAgent.Ours.TermBase, "1000")]), Stop);
        (await _n1.LookAsync()).Starts.ShouldBeEmpty();

        await _n1.StartAsync(InPlace(200, 1, 900));

        (await ListAsync()).ShouldBe([("n1", true, 900ul)]);
    }

    [Fact]
    public async Task A_view_from_before_the_intent_records_nothing()
    {
        await _n1.TakeAsync(promotes: false);
        var before = await _n1.LookAsync();
        await _n1.Starts.IntendAsync(before, Stop);
        _n1.Starts.Use();
        _n1.Facts = InPlace(100, 1, 735);

        var (result, revision) = await _n1.Starts.RecordAsync(before, _n1.Lease.State!, _n1.State.Intent, Stop);

        (result.Ok, revision).ShouldBe((false, null));
    }
}
