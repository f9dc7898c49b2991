using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Holdfast.Foundation.Processes;

namespace Holdfast.Store.Memory;

/// <summary>
/// The store's contract in one process, for the simulator and for tests: revisions, leases by an injected clock,
/// watches, compaction. Calls complete at once.
/// </summary>
public sealed class MemoryStore(TimeProvider clock) : IStore
{
    const ulong StoreId = 1, Member = 1;
    const long RaftTerm = 1;
    static readonly TimeSpan s_signOfLifeEvery = TimeSpan.FromMilliseconds(500);

    readonly Lock _gate = new();
    readonly SortedDictionary<string, KeyValue> _pairs = new(StringComparer.Ordinal);
    readonly Dictionary<long, MemoryLease> _leases = [];
    readonly List<Change> _history = [];
    TaskCompletionSource _moved = NewSignal();
    long _revision = 1, _compacted, _lastLease;
    bool _isReachable = true;

    /// <summary>False: as if no member could be reached. Leases go on running out.</summary>
    public bool IsReachable
    {
        get => _isReachable;
        set
        {
            lock (_gate)
            {
                _isReachable = value;
                Signal();
            }
        }
    }

    /// <summary>Forgets the changes before <paramref name="revision"/>.</summary>
    public void Compact(long revision)
    {
        lock (_gate)
        {
            _compacted = Math.Max(_compacted, revision);
            _history.RemoveAll(change => change.Revision < _compacted);
            Signal();
        }
    }

    public ValueTask<Snapshot> ReadAsync(ImmutableArray<string> prefixes, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        lock (_gate)
        {
            CheckReachable();
            var pairs = prefixes.SelectMany(prefix =>
                _pairs.Values.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)));
            return ValueTask.FromResult(new Snapshot(Header, [.. pairs]));
        }
    }

    public ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_isReachable)
                return ValueTask.FromResult(new CommitResult(WriteOutcome.Unknown, default, "the store is away"));
            var why = transaction.If.All(Holds) ? Objection(transaction.Then) : "a comparison failed";
            if (why is not null)
                return ValueTask.FromResult(new CommitResult(WriteOutcome.Refused, Header, why));
            Write(transaction.Then);
            return ValueTask.FromResult(new CommitResult(WriteOutcome.Written, Header, ""));
        }
    }

    public ValueTask<LeaseGrant> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        _ = LeaseSeconds.Of(ttl);
        lock (_gate)
        {
            if (!_isReachable)
                return ValueTask.FromResult(new LeaseGrant(WriteOutcome.Unknown, 0, default, "the store is away"));
            var id = ++_lastLease;
            _leases[id] = new MemoryLease(clock, ttl, () => End(id));
            return ValueTask.FromResult(new LeaseGrant(WriteOutcome.Written, id, ttl, ""));
        }
    }

    public ValueTask<TimeSpan?> TimeToLiveAsync(long lease, CancellationToken stop) =>
        OfLease(lease, found => found.Remaining, stop);

    public ValueTask<TimeSpan?> KeepAliveAsync(long lease, CancellationToken stop) =>
        OfLease(lease, found => found.Renew(), stop);

    public ValueTask<WriteOutcome> RevokeLeaseAsync(long lease, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_isReachable)
                return ValueTask.FromResult(WriteOutcome.Unknown);
        }
        return ValueTask.FromResult(End(lease) ? WriteOutcome.Written : WriteOutcome.Refused);
    }

    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        ImmutableArray<string> prefixes, long fromRevision, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fromRevision, 1);
        while (true)
        {
            var (batch, moved) = Since(prefixes, fromRevision);
            fromRevision = batch.Header.Revision + 1;
            yield return batch;
            try
            {
                await moved.WaitAsync(s_signOfLifeEvery, clock, stop);
            }
            catch (TimeoutException)
            {
                // Nothing changed: the next batch is a sign of life.
            }
        }
    }

    StoreHeader Header => new(StoreId, Member, _revision, RaftTerm);

    (WatchBatch Batch, Task Moved) Since(ImmutableArray<string> prefixes, long revision)
    {
        lock (_gate)
        {
            CheckReachable();
            if (revision <= _compacted)
                throw new CompactedException(_compacted);
            var changes = _history.Where(change => change.Revision >= revision
                && prefixes.Any(prefix => change.Key.StartsWith(prefix, StringComparison.Ordinal)));
            return (new WatchBatch(Header, [.. changes], BootClock.Now), _moved.Task);
        }
    }

    ValueTask<TimeSpan?> OfLease(long lease, Func<MemoryLease, TimeSpan> ask, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        lock (_gate)
        {
            CheckReachable();
            return ValueTask.FromResult<TimeSpan?>(_leases.TryGetValue(lease, out var found) ? ask(found) : null);
        }
    }

    bool Holds(Compare compare) => compare.Holds(_pairs.GetValueOrDefault(compare.Key));

    string? Objection(ImmutableArray<Operation> operations)
    {
        var puts = operations.OfType<Operation.Put>().ToList();
        if (puts.Exists(put => put.Lease != 0 && !_leases.ContainsKey(put.Lease)))
            return "requested lease not found";
        return puts.DistinctBy(put => put.Key, StringComparer.Ordinal).Count() < puts.Count
            ? "duplicate key given in txn request"
            : null;
    }

    void Write(ImmutableArray<Operation> operations)
    {
        var revision = _revision + 1;
        var changes = operations.SelectMany(operation => operation switch
        {
            Operation.Put put => [Put(put, revision)],
            Operation.Delete => Delete(key => string.Equals(key, operation.Key, StringComparison.Ordinal), revision),
            Operation.DeletePrefix => Delete(
                key => key.StartsWith(operation.Key, StringComparison.Ordinal), revision),
            _ => throw new UnreachableException($"no effect for {operation}"),
        });
        Record(changes.ToList());
    }

    Change Put(Operation.Put put, long revision)
    {
        var created = _pairs.TryGetValue(put.Key, out var former) ? former.CreateRevision : revision;
        var pair = new KeyValue(put.Key, put.Text, created, revision, put.Lease);
        _pairs[put.Key] = pair;
        return new Change(put.Key, pair, revision);
    }

    List<Change> Delete(Func<string, bool> matches, long revision)
    {
        var keys = _pairs.Keys.Where(matches).ToList();
        foreach (var key in keys)
            _pairs.Remove(key);
        return keys.ConvertAll(key => new Change(key, Now: null, revision));
    }

    /// <summary>The lease is over: its keys go with it. False when it was gone already.</summary>
    bool End(long lease)
    {
        lock (_gate)
        {
            if (!_leases.Remove(lease, out var ended))
                return false;
            ended.Dispose();
            var keys = _pairs.Values.Where(pair => pair.Lease == lease).Select(pair => pair.Key)
                .ToHashSet(StringComparer.Ordinal);
            Record(Delete(keys.Contains, _revision + 1));
            return true;
        }
    }

    // What changed nothing has no revision.
    void Record(List<Change> changes)
    {
        if (changes.Count == 0)
            return;
        _revision++;
        _history.AddRange(changes);
        Signal();
    }

    void CheckReachable()
    {
        if (!_isReachable)
            throw new StoreUnavailableException("the store is away");
    }

    void Signal()
    {
        _moved.TrySetResult();
        _moved = NewSignal();
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
