using Holdfast.Agent.Act;
using Holdfast.Agent.Jobs;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Postgres.Instance;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Act;

public sealed class OpeningTests : IDisposable
{
    static readonly PostgresView Primary = new()
    {
        State = PostgresState.Primary, Data = DataState.Usable, PostmasterStarted = 100,
    };

    readonly MemoryStore _store = new(TimeProvider.System);
    readonly TestAgent _agent;
    readonly JobSlot _work;
    readonly Opening _opening;
    TaskCompletionSource<StepResult> _barrier = new();
    ProcessIdentity _server = new(7, 1);
    TimeSpan _now;

    public OpeningTests()
    {
        _agent = new TestAgent(_store, "n1") { Facts = new StartFacts(100, 1, 1, 735, "") };
        _work = new JobSlot(() => _now, _ => { }, NullLogger.Instance);
        _opening = new Opening(
            _agent.Settings, _agent.Starts, () => _server, (_, _) => new ValueTask<StepResult>(_barrier.Task),
            _agent.Lease, _work, _agent.State, () => false, () => _now, NullLogger.Instance);
    }

    public void Dispose() => _work.Dispose();

    async Task StartAsync()
    {
        await _agent.TakeAsync(promotes: true);
        await _agent.Starts.IntendAsync(await _agent.LookAsync(), TestAgent.Stop);
        _agent.Starts.Use();
    }

    /// <summary>One turn of the loop; what it began has ended, but for the barrier.</summary>
    async Task<bool> TurnAsync()
    {
        var view = await _agent.LookAsync();
        _opening.Harvest();
        var isOpen = _opening.IsOpen(view, Primary);
        _opening.Begin(view, new SelfView
        {
            Name = _agent.Settings.Name, Postgres = Primary, HasLease = true, IsOpen = isOpen,
        }, TestAgent.Stop);
        return isOpen;
    }

    [Fact]
    public async Task It_opens_once_its_start_is_on_record_and_its_barrier_has_met_the_rule()
    {
        await StartAsync();
        (await TurnAsync()).ShouldBeFalse();
        _opening.Harvest().ShouldNotBeNull("the work is in the view");
        (await TurnAsync()).ShouldBeFalse();
        _barrier.SetResult(StepResult.Done);
        (await TurnAsync()).ShouldBeTrue();
        (await _agent.LookAsync()).Starts.ShouldHaveSingleItem().NextXid.ShouldBe(735ul);
    }

    [Fact]
    public async Task Without_a_record_it_stays_closed()
    {
        await StartAsync();
        _store.IsReachable = false;
        var view = ClusterReader.Read(new Snapshot(default, []), TestAgent.Keys, TestAgent.Ours);
        _barrier.SetResult(StepResult.Done);
        for (var turn = 0; turn < 3; turn++)
        {
            _opening.Harvest();
            _opening.IsOpen(view, Primary).ShouldBeFalse();
            _opening.Begin(view, new SelfView { Name = _agent.Settings.Name, Postgres = Primary, HasLease = true },
                TestAgent.Stop);
        }
    }

    [Fact]
    public async Task A_barrier_that_fails_is_tried_again()
    {
        await StartAsync();
        _barrier.SetResult(StepResult.Failed("the wait was given up"));
        (await TurnAsync()).ShouldBeFalse();
        _barrier = new TaskCompletionSource<StepResult>();
        (await TurnAsync()).ShouldBeFalse();
        _barrier.SetResult(StepResult.Done);
        (await TurnAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task After_ttl_and_a_little_it_opens_without_its_standbys()
    {
        await StartAsync();
        (await TurnAsync()).ShouldBeFalse();
        _now = TimeSpan.FromSeconds(3) + Opening.OverTtl - TimeSpan.FromTicks(1);
        (await TurnAsync()).ShouldBeFalse();
        _now += TimeSpan.FromTicks(1);
        _barrier.SetResult(StepResult.Failed("not within its limit"));
        (await TurnAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task Another_postmaster_opens_anew()
    {
        await StartAsync();
        _barrier.SetResult(StepResult.Done);
        (await TurnAsync()).ShouldBeFalse();
        (await TurnAsync()).ShouldBeTrue();
        _server = new ProcessIdentity(8, 2);
        _barrier = new TaskCompletionSource<StepResult>();
        (await TurnAsync()).ShouldBeFalse();
    }

    [Theory]
    [InlineData("running", 100, true)]
    [InlineData("starting", 100, false)]
    [InlineData("running", 99, false)]
    [InlineData("running", 0, true)] // Of a version that did not say.
    public async Task A_new_agent_does_not_close_what_served_before(string state, long postmaster, bool isOpen)
    {
        await _agent.TakeAsync(promotes: false);
        await _store.CommitAsync(
            new Transaction([], [new Operation.Put(TestAgent.Keys.Member("n1"), MemberJson.Write(new MemberView
            {
                Name = new NodeName("n1"), Role = "primary", State = state, PostmasterStarted = postmaster,
            }))]),
            TestAgent.Stop);

        (await TurnAsync()).ShouldBe(isOpen);
    }

    [Fact]
    public async Task A_start_that_the_store_forgot_is_recorded_again()
    {
        await StartAsync();
        _barrier.SetResult(StepResult.Done);
        await TurnAsync();
        (await TurnAsync()).ShouldBeTrue();
        await _store.CommitAsync(new Transaction([], [new Operation.Delete(TestAgent.Ours.Starts)]), TestAgent.Stop);

        (await TurnAsync()).ShouldBeTrue();
        (await TurnAsync()).ShouldBeTrue();

        var start = (await _agent.LookAsync()).Starts.ShouldHaveSingleItem();
        (start.PostmasterStarted, start.NextXid).ShouldBe((100, null));
    }
}
