using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Store.Layout;

/// <summary>A view, and when it was surely the whole truth.</summary>
/// <param name="View">What the store says.</param>
/// <param name="FreshAt">CLOCK_BOOTTIME at which the request was sent that last confirmed the view.</param>
public sealed record WatchedView(ClusterView View, TimeSpan FreshAt);

/// <summary>
/// Keeps the view of one cluster up to date: reads everything, then watches; reads again whenever the watch ends. The
/// view's revision never falls, unless the store itself was set back. Safe from any thread.
/// </summary>
/// <param name="store">The shared truth.</param>
/// <param name="keys">Of the cluster.</param>
/// <param name="ours">Of the cluster.</param>
/// <param name="clock">CLOCK_BOOTTIME (<see cref="BootClock.Provider"/>).</param>
/// <param name="log">Of the watch.</param>
public sealed class ClusterWatcher(
    IStore store, PatroniKeys keys, HoldfastKeys ours, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan s_pauseMin = TimeSpan.FromMilliseconds(100), s_pauseMax = TimeSpan.FromSeconds(1);

    readonly ImmutableArray<string> _prefixes = [keys.Prefix, ours.Prefix];
    readonly Lock _gate = new();
    readonly SortedDictionary<string, KeyValue> _pairs = new(StringComparer.Ordinal);
    StoreHeader _header; // Of the newest answer that is in _pairs.
    long _readRevision; // Of the last full read: changes up to it are in it.
    WatchedView? _current;
    TaskCompletionSource _retry = new();

    /// <summary>Null until the store answered for the first time.</summary>
    public WatchedView? Current => Volatile.Read(ref _current);

    /// <summary>The view differs from the former one. Called from the thread that found it, outside of locks; must
    /// return at once. A view that only became fresher doesn't raise it.</summary>
    public event Action? Changed;

    /// <summary>The store answers somebody here: does not wait out the pause after a failure. Returns at
    /// once.</summary>
    public void Retry() => Volatile.Read(ref _retry).TrySetResult();

    /// <summary>Watches until <paramref name="stop"/>; outlives every failure of the store.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var pause = s_pauseMin;
        while (!stop.IsCancellationRequested)
        {
            var from = Current;
            var retry = new TaskCompletionSource();
            Volatile.Write(ref _retry, retry);
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
                // A view that was confirmed since shows that the store was well: begin with a short pause again.
                pause = Current?.FreshAt > from?.FreshAt ? s_pauseMin : Min(pause * 2, s_pauseMax);
                if (e is StoreUnavailableException or CompactedException)
                    log.WatchEnded(e.Message, pause.TotalMilliseconds);
                else
                    log.WatcherFailed(e, pause.TotalMilliseconds);
            }
            await Task.WhenAny(Task.Delay(pause, clock, stop), retry.Task);
            // Whoever called Retry has other things to do.
            await Task.Yield();
        }
    }

    /// <summary>A full linearizable read; <see cref="Current"/> is at least as new when it returns.</summary>
    /// <returns>The view that was read, or a newer one that the watch brought meanwhile.</returns>
    /// <exception cref="StoreUnavailableException">No member answered in time.</exception>
    public async ValueTask<ClusterView> ReadNowAsync(CancellationToken stop)
    {
        await ReadAllAsync(stop);
        return Current!.View;
    }

    async Task FollowAsync(CancellationToken stop)
    {
        var revision = await ReadAllAsync(stop);
        log.Watching(revision);
        await foreach (var batch in store.WatchAsync(_prefixes, revision + 1, stop))
            Apply(batch);
    }

    /// <summary>The revision of what was read.</summary>
    async ValueTask<long> ReadAllAsync(CancellationToken stop)
    {
        var before = Header();
        var sentAt = clock.GetElapsedTime(0);
        var snapshot = await store.ReadAsync(_prefixes, stop);
        var hasChanged = false;
        lock (_gate)
        {
            // Lower than what was known when it was sent: the store was set back, and what we hold is no longer true.
            // Lower than what came since: late, and what we hold covers it.
            var wasSetBack = snapshot.Header.StoreId != before.StoreId || snapshot.Header.Revision < before.Revision;
            if (wasSetBack || snapshot.Header.Revision >= _header.Revision)
            {
                hasChanged = wasSetBack || !Holds(snapshot);
                Adopt(snapshot);
            }
            Publish(sentAt);
        }
        if (hasChanged)
            Changed?.Invoke();
        return snapshot.Header.Revision;
    }

    void Apply(WatchBatch batch)
    {
        var hasChanged = false;
        lock (_gate)
        {
            if (batch.Header.StoreId != _header.StoreId)
                throw new StoreUnavailableException("another etcd cluster answers now");
            foreach (var change in batch.Changes)
            {
                if (change.Revision <= _readRevision)
                    continue; // A read was faster.
                hasChanged = true;
                _header = batch.Header with { Revision = Math.Max(change.Revision, _header.Revision) };
                if (change.Now is null)
                    _pairs.Remove(change.Key);
                else
                    Keep(change.Now);
            }
            Publish(batch.ConfirmedAt, hasChanged);
        }
        if (hasChanged)
            Changed?.Invoke();
    }

    bool Holds(Snapshot snapshot)
    {
        var kept = snapshot.Pairs.Where(IsKept);
        return kept.Count() == _pairs.Count
            && kept.All(pair => _pairs.TryGetValue(pair.Key, out var held) && held.ModRevision == pair.ModRevision);
    }

    void Adopt(Snapshot snapshot)
    {
        _header = snapshot.Header;
        _readRevision = snapshot.Header.Revision;
        _pairs.Clear();
        foreach (var pair in snapshot.Pairs)
            Keep(pair);
    }

    void Keep(KeyValue pair)
    {
        if (IsKept(pair))
            _pairs[pair.Key] = pair;
    }

    // The journal is for people and may be long; no decision reads it.
    bool IsKept(KeyValue pair) => !pair.Key.StartsWith(ours.Events, StringComparison.Ordinal);

    void Publish(TimeSpan? confirmedAt, bool hasChanged = true)
    {
        var former = _current;
        var view = hasChanged || former is null
            ? ClusterReader.Read(new Snapshot(_header, [.. _pairs.Values]), keys, ours)
            : former.View;
        var freshAt = Max(confirmedAt ?? TimeSpan.Zero, former?.FreshAt ?? TimeSpan.Zero);
        Volatile.Write(ref _current, new WatchedView(view, freshAt));
    }

    StoreHeader Header()
    {
        lock (_gate)
            return _header;
    }

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
