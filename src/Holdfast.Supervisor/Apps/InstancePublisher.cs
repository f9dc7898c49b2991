using System.Collections.Immutable;
using System.Threading.Channels;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Holdfast.Supervisor.Decisions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Apps;

/// <summary>
/// Tells the cluster of the apps of this host, on one lease: a host that dies takes its instances along within
/// <see cref="Ttl"/>. Only the latest state of each counts, so nothing queues up while the store is away, and no
/// program ever waits for it. <see cref="Tell"/> and <see cref="DrainAsync"/> are safe from any thread.
/// </summary>
internal sealed class InstancePublisher(IStore store, HoldfastKeys keys, NodeName host, ILogger log)
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);
    static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(3), RetryEvery = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a stop waits for the word that the instances drain to be written.</summary>
    static readonly TimeSpan DrainWriteLimit = TimeSpan.FromSeconds(1), DrainLookEvery = TimeSpan.FromMilliseconds(10);

    /// <summary>How long watchers then have to see it before the first app is told to stop.</summary>
    static readonly TimeSpan DrainSeenAfter = TimeSpan.FromSeconds(0.3);

    static readonly ImmutableSortedDictionary<string, string> Nothing =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    readonly Lock _gate = new();

    // Capacity one: a waiting nudge already promises a turn, so a second is safe to drop.
    readonly Channel<bool> _nudges = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Under the gate: what every key should say.</summary>
    ImmutableSortedDictionary<string, AppInstance> _wanted =
        ImmutableSortedDictionary.Create<string, AppInstance>(StringComparer.Ordinal);
    bool _drains;

    /// <summary>Under the gate: counts what was wanted, and what of that is written.</summary>
    long _wishes, _fulfilled;

    /// <summary>Of the loop alone: what the keys say, on the lease; empty where that is unknown.</summary>
    ImmutableSortedDictionary<string, string> _known = Nothing;
    long _lease;
    TimeSpan _renewed;
    bool _isAway;

    /// <param name="spec">An app.</param>
    /// <param name="state">Null: it has stopped, and its key goes.</param>
    public void Tell(ProgramSpec spec, AppState? state)
    {
        var app = spec.App!;
        lock (_gate)
        {
            // Who is about to stop stays so, whatever its health.
            var told = _drains && state is not null ? AppState.Draining : state;
            var next = told is { } now
                ? _wanted.SetItem(spec.Name, new AppInstance(spec.Name, host, app.Address, now, app.Weight))
                : _wanted.Remove(spec.Name);
            Want(next);
        }
    }

    /// <summary>All instances are told to drain; returns when the cluster had the time to see it, and soon in any
    /// case.</summary>
    public async Task DrainAsync()
    {
        long wish;
        lock (_gate)
        {
            _drains = true;
            if (_wanted.IsEmpty)
                return;
            Want(_wanted.ToImmutableSortedDictionary(
                pair => pair.Key, pair => pair.Value with { State = AppState.Draining }, StringComparer.Ordinal));
            wish = _wishes;
        }
        var began = BootClock.Now;
        while (!IsFulfilled(wish))
        {
            if (BootClock.Now - began > DrainWriteLimit)
                return;
            await Task.Delay(DrainLookEvery, CancellationToken.None);
        }
        await Task.Delay(DrainSeenAfter, CancellationToken.None);
    }

    /// <summary>Until <paramref name="stop"/>; then what is still told is taken back, once.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var pause = await TurnAsync(stop);
            try
            {
                using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
                limited.CancelAfter(pause);
                await _nudges.Reader.ReadAsync(limited.Token);
            }
            catch (OperationCanceledException)
            {
                // Time for another turn, or to stop.
            }
        }
        if (_lease != 0)
            _ = await store.RevokeLeaseAsync(_lease, CancellationToken.None);
    }

    /// <returns>How long to rest unless something changes.</returns>
    async Task<TimeSpan> TurnAsync(CancellationToken stop)
    {
        string? trouble;
        try
        {
            trouble = await WriteAsync(stop);
        }
        catch (Exception failure)
        {
            trouble = failure.Message;
        }
        if (trouble is not null && !_isAway && !stop.IsCancellationRequested)
            log.InstancesUnwritten(trouble);
        if (trouble is null && _isAway)
            log.InstancesWritten();
        _isAway = trouble is not null;
        return _isAway ? RetryEvery : RenewEvery;
    }

    /// <returns>Null: the keys say what they should; else why they don't.</returns>
    async Task<string?> WriteAsync(CancellationToken stop)
    {
        ImmutableSortedDictionary<string, AppInstance> wanted;
        long wish;
        lock (_gate)
            (wanted, wish) = (_wanted, _wishes);
        var trouble = wanted.IsEmpty ? await TakeBackAsync(stop)
            : await HoldLeaseAsync(stop) ?? await PutAsync(wanted, stop);
        lock (_gate)
            _fulfilled = trouble is null ? wish : _fulfilled;
        return trouble;
    }

    async Task<string?> PutAsync(ImmutableSortedDictionary<string, AppInstance> wanted, CancellationToken stop)
    {
        var texts = wanted.ToImmutableSortedDictionary(
            pair => keys.Instance(pair.Key, host), pair => AppInstanceJson.Write(pair.Value), StringComparer.Ordinal);
        var changes = Changes(texts);
        if (changes.IsEmpty)
            return null;
        // Until the answer is here, each of these keys may say anything.
        _known = _known.SetItems(texts.Keys.Select(key => KeyValuePair.Create(key, "")));
        var result = await store.CommitAsync(new Transaction([], changes), stop);
        if (result.Outcome == WriteOutcome.Written)
            _known = texts;
        else if (result.Outcome == WriteOutcome.Refused)
            (_lease, _known) = (0, Nothing); // It is gone, and took the keys along.
        return result.Outcome == WriteOutcome.Written ? null : result.Why;
    }

    ImmutableArray<Operation> Changes(ImmutableSortedDictionary<string, string> texts) =>
    [
        .. texts.Where(text => _known.GetValueOrDefault(text.Key) != text.Value)
            .Select(text => new Operation.Put(text.Key, text.Value, _lease)),
        .. _known.Keys.Where(key => !texts.ContainsKey(key)).Select(key => new Operation.Delete(key)),
    ];

    async Task<string?> HoldLeaseAsync(CancellationToken stop)
    {
        if (_lease != 0 && BootClock.Now - _renewed >= RenewEvery)
        {
            var sent = BootClock.Now;
            if (await store.KeepAliveAsync(_lease, stop) is null)
                _lease = 0;
            _renewed = sent;
        }
        if (_lease != 0)
            return null;
        var granted = await store.GrantLeaseAsync(Ttl, stop);
        (_lease, _renewed, _known) = (granted.Lease, BootClock.Now, Nothing);
        return granted.Outcome == WriteOutcome.Written ? null : granted.Why;
    }

    async Task<string?> TakeBackAsync(CancellationToken stop)
    {
        if (_lease == 0)
            return null;
        if (await store.RevokeLeaseAsync(_lease, stop) == WriteOutcome.Unknown)
            return "the lease could not be ended";
        (_lease, _known) = (0, Nothing);
        return null;
    }

    bool IsFulfilled(long wish)
    {
        lock (_gate)
            return _fulfilled >= wish;
    }

    /// <summary>Under the gate.</summary>
    void Want(ImmutableSortedDictionary<string, AppInstance> next)
    {
        _wanted = next;
        _wishes++;
        _nudges.Writer.TryWrite(true);
    }
}
