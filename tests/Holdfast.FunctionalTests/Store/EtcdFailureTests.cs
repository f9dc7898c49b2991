using System.Diagnostics;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Store;

/// <summary>Three members, of which some freeze or die. A frozen one keeps its connections and takes new
/// ones.</summary>
[Collection(EtcdFixture.Collection)]
public sealed class EtcdFailureTests(EtcdFixture etcd)
{
    // The limits are shorter (EtcdClientSettings); a build machine at full load adds to them.
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_leaves_a_frozen_member()
    {
        var frozen = (await etcd.Three.LeaderAsync(Stop) + 1) % 3; // No election: only this member is away.
        var departures = new CountingLogger();
        var endpoints = etcd.Three.Endpoints;
        using var store = new EtcdStore(
            [.. endpoints[frozen..], .. endpoints[..frozen]], new EtcdClientSettings(), departures);
        var first = await store.ReadAsync(["/"], Stop);
        etcd.Three.Members[frozen].Freeze();
        try
        {
            (await store.ReadAsync(["/"], Stop)).Header.Member.ShouldNotBe(first.Header.Member);
            departures.Count.ShouldBeGreaterThan(0);
        }
        finally
        {
            await ThawAsync(frozen);
        }
    }

    [Fact]
    public async Task A_watch_of_a_frozen_member_ends_within_its_limits()
    {
        var frozen = (await etcd.Three.LeaderAsync(Stop) + 1) % 3;
        using var store = etcd.Three.Connect(first: frozen);
        var from = (await store.ReadAsync(["/"], Stop)).Header.Revision + 1;
        await using var watch = store.WatchAsync(["/frozen/"], from, Stop).GetAsyncEnumerator(Stop);
        (await watch.MoveNextAsync()).ShouldBeTrue(); // A first sign of life.
        etcd.Three.Members[frozen].Freeze();
        try
        {
            var started = Stopwatch.GetTimestamp();
            await Should.ThrowAsync<StoreUnavailableException>(async () =>
            {
                while (await watch.MoveNextAsync())
                    watch.Current.Changes.ShouldBeEmpty();
            });
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(s_patience);
        }
        finally
        {
            await ThawAsync(frozen);
        }
    }

    [Fact]
    public async Task A_watcher_follows_through_a_frozen_and_a_killed_member()
    {
        var frozen = (await etcd.Three.LeaderAsync(Stop) + 1) % 3;
        using var watched = etcd.Three.Connect(first: frozen);
        using var writer = etcd.Three.Connect(first: (frozen + 2) % 3);
        var keys = new PatroniKeys("service", nameof(A_watcher_follows_through_a_frozen_and_a_killed_member));
        var watcher = new ClusterWatcher(
            watched, keys, new HoldfastKeys(keys.Scope), BootClock.Provider, NullLogger.Instance);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = watcher.RunAsync(ending.Token);
        try
        {
            await SeesAsync(writer, watcher, keys, "n1");
            etcd.Three.Members[frozen].Freeze();
            await SeesAsync(writer, watcher, keys, "n2");
            await ThawAsync(frozen);

            await etcd.Three.Members[frozen].KillAsync();
            await SeesAsync(writer, watcher, keys, "n3");
            (BootClock.Now - watcher.Current!.FreshAt).ShouldBeLessThan(s_patience);
        }
        finally
        {
            await ending.CancelAsync();
            await running;
            if (!etcd.Three.Members[frozen].IsRunning)
                await etcd.Three.Members[frozen].StartAsync();
            await ThawAsync(frozen);
        }
    }

    [Fact]
    public async Task Without_a_majority_nothing_is_answered_from_an_old_copy()
    {
        var leader = await etcd.Three.LeaderAsync(Stop);
        using var store = Connecting.To(etcd.Three.Endpoints[leader]);
        await store.CommitAsync(new Transaction([], [new Operation.Put("/majority", "1")]), Stop);
        etcd.Three.Members[(leader + 1) % 3].Freeze();
        etcd.Three.Members[(leader + 2) % 3].Freeze();
        try
        {
            var onlyCompares = new Transaction([new Compare.Exists("/majority")], []);
            var compared = await store.CommitAsync(onlyCompares, Stop);
            compared.Outcome.ShouldBe(WriteOutcome.Unknown, compared.ToString());
            await Should.ThrowAsync<StoreUnavailableException>(async () => await store.ReadAsync(["/"], Stop));
            var put = new Transaction([], [new Operation.Put("/majority", "2")]);
            (await store.CommitAsync(put, Stop)).Outcome.ShouldBe(WriteOutcome.Unknown);
        }
        finally
        {
            await ThawAsync((leader + 1) % 3);
            await ThawAsync((leader + 2) % 3);
        }
    }

    static async Task SeesAsync(IStore writer, ClusterWatcher watcher, PatroniKeys keys, string leader)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Action look = () =>
        {
            if (watcher.Current?.View.Leader?.Holder.Value == leader)
                seen.TrySetResult();
        };
        watcher.Changed += look;
        var put = new Transaction([], [new Operation.Put(keys.Leader, leader)]);
        (await writer.CommitAsync(put, Stop)).Outcome.ShouldBe(WriteOutcome.Written);
        look();
        await seen.Task.WaitAsync(s_patience, Stop);
        watcher.Changed -= look;
    }

    async Task ThawAsync(int member)
    {
        etcd.Three.Members[member].Thaw();
        await etcd.Three.ReadyAsync(etcd.Three.Members[member], Stop);
    }
}
