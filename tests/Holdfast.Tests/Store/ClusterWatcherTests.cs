using Holdfast.Cluster.Model;
using Holdfast.Doubles.Store;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Store.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class ClusterWatcherTests
{
    static readonly PatroniKeys s_keys = new("service", "batman");
    static readonly HoldfastKeys s_ours = new("batman");

    readonly ManualClock _clock = new();
    readonly MemoryStore _store;
    readonly ClusterWatcher _watcher;

    public ClusterWatcherTests()
    {
        _store = new MemoryStore(_clock);
        _watcher = new ClusterWatcher(_store, s_keys, s_ours, BootClock.Provider, NullLogger.Instance);
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_follows_every_change_and_never_goes_back()
    {
        var revisions = new List<long>();
        _watcher.Changed += () => revisions.Add(_watcher.Current!.View.Revision);
        using var ending = new CancellationTokenSource();
        var running = _watcher.RunAsync(ending.Token);

        await PutAsync(s_keys.Initialize, "123");
        await PutAsync(s_keys.Leader, "n1");
        await SeenAsync(view => view is { Initialize: "123", Leader.Holder.Value: "n1" });
        await _store.CommitAsync(new Transaction([], [new Operation.Delete(s_keys.Leader)]), Stop);
        await SeenAsync(view => view.Leader is null);

        await ending.CancelAsync();
        await running;
        revisions.ShouldBeInOrder();
    }

    [Fact]
    public async Task A_full_read_is_in_the_view_at_once_and_only_a_difference_is_a_change()
    {
        var changes = 0;
        _watcher.Changed += () => changes++;
        await PutAsync(s_keys.Leader, "n1");

        var before = BootClock.Now;
        var view = await _watcher.ReadNowAsync(Stop);

        view.Leader!.Holder.Value.ShouldBe("n1");
        _watcher.Current!.View.ShouldBeSameAs(view);
        _watcher.Current.FreshAt.ShouldBeGreaterThanOrEqualTo(before);
        changes.ShouldBe(1);
        await PutAsync("/elsewhere", "x");
        (await _watcher.ReadNowAsync(Stop)).Revision.ShouldBeGreaterThan(view.Revision);
        changes.ShouldBe(1);
    }

    [Fact]
    public async Task Signs_of_life_make_it_fresher_without_a_change()
    {
        using var ending = new CancellationTokenSource();
        var running = _watcher.RunAsync(ending.Token);
        await SeenAsync(_ => true);
        var (before, changes) = (_watcher.Current!, 0);
        _watcher.Changed += () => changes++;

        await UntilAsync(() => _watcher.Current!.FreshAt > before.FreshAt);

        _watcher.Current!.View.ShouldBeSameAs(before.View);
        changes.ShouldBe(0);
        await ending.CancelAsync();
        await running;
    }

    [Fact]
    public async Task It_comes_back_when_the_store_does()
    {
        using var ending = new CancellationTokenSource();
        var running = _watcher.RunAsync(ending.Token);
        await PutAsync(s_keys.Leader, "n1");
        await SeenAsync(view => view.Leader is not null);
        _store.IsReachable = false;
        await Should.ThrowAsync<StoreUnavailableException>(async () => await _watcher.ReadNowAsync(Stop));
        _watcher.Current!.View.Leader.ShouldNotBeNull(); // The last view stays, and grows old.

        _store.IsReachable = true;
        await PutAsync(s_keys.Leader, "n2");

        await SeenAsync(view => view.Leader!.Holder.Value == "n2");
        await ending.CancelAsync();
        await running;
    }

    [Fact]
    public async Task It_does_not_wait_out_its_pause_when_it_is_told_that_the_store_answers()
    {
        var watcher = new ClusterWatcher(_store, s_keys, s_ours, _clock, NullLogger.Instance);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Changed += () => seen.TrySetResult();
        using var ending = new CancellationTokenSource();
        _store.IsReachable = false;
        var running = watcher.RunAsync(ending.Token); // Fails at once, and pauses on a clock that stands still.
        _store.IsReachable = true;
        await PutAsync(s_keys.Leader, "n1");
        watcher.Current.ShouldBeNull();

        watcher.Retry();

        await seen.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        watcher.Current!.View.Leader!.Holder.Value.ShouldBe("n1");
        await ending.CancelAsync();
        await running;
    }

    [Fact]
    public async Task The_journal_is_not_part_of_the_view()
    {
        await _watcher.ReadNowAsync(Stop);
        var changes = 0;
        _watcher.Changed += () => changes++;
        await PutAsync(s_ours.Event("1"), "{}");
        await _watcher.ReadNowAsync(Stop);
        changes.ShouldBe(0);
    }

    async Task PutAsync(string key, string value) =>
        (await _store.CommitAsync(new Transaction([], [new Operation.Put(key, value)]), Stop))
            .Outcome.ShouldBe(WriteOutcome.Written);

    Task SeenAsync(Func<ClusterView, bool> condition) =>
        UntilAsync(() => _watcher.Current is { } current && condition(current.View));

    async Task UntilAsync(Func<bool> condition)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limited.CancelAfter(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            limited.Token.ThrowIfCancellationRequested();
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
    }
}
