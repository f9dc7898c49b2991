using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Backends;

/// <summary>Shows the pools what the store says of the instances: reads everything, then watches; reads again whenever
/// the watch ends. While the store is away the last view stays.</summary>
internal sealed class InstanceFeed(
    IStore store, HoldfastKeys keys, Action<ImmutableArray<AppInstance>> show, ILogger log)
{
    readonly ImmutableArray<string> _prefixes = [keys.Instances];
    readonly SortedDictionary<string, AppInstance> _instances = new(StringComparer.Ordinal);
    bool _hasRead;

    /// <summary>Watches until <paramref name="stop"/>; outlives every failure of the store.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var pause = EdgeLimits.WatchPause;
        while (!stop.IsCancellationRequested)
        {
            _hasRead = false;
            try
            {
                await FollowAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                pause = _hasRead ? EdgeLimits.WatchPause : Min(pause * 2, EdgeLimits.WatchPauseMax);
                if (e is StoreUnavailableException or CompactedException)
                    log.WatchEnded(e.Message, pause.TotalMilliseconds);
                else
                    log.WatchFailed(e, pause.TotalMilliseconds);
            }
            await Task.Delay(pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task FollowAsync(CancellationToken stop)
    {
        var snapshot = await store.ReadAsync(_prefixes, stop);
        _instances.Clear();
        foreach (var pair in snapshot.Pairs)
            Keep(pair.Key, pair);
        Show();
        _hasRead = true;
        log.Watching(_instances.Count, snapshot.Header.Revision);
        await foreach (var batch in store.WatchAsync(_prefixes, snapshot.Header.Revision + 1, stop))
        {
            if (batch.Header.StoreId != snapshot.Header.StoreId)
                throw new StoreUnavailableException("another etcd cluster answers now");
            if (batch.Changes.IsEmpty)
                continue;
            foreach (var change in batch.Changes)
                Keep(change.Key, change.Now);
            Show();
        }
    }

    // A value that can't be read counts as absent.
    void Keep(string key, KeyValue? pair)
    {
        if (pair is not null && AppInstanceJson.Read(key, keys.Instances, pair.Value) is { } instance)
            _instances[key] = instance;
        else
            _instances.Remove(key);
    }

    void Show() => show([.. _instances.Values]);

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
