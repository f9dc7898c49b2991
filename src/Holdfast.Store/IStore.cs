using System.Collections.Immutable;
using System.Diagnostics;

namespace Holdfast.Store;

/// <summary>
/// The shared truth, in the terms of etcd v3 (etcd API reference, KV, Watch and Lease services). Safe from any thread.
/// Every call has a time limit of its own; reads throw <see cref="StoreUnavailableException"/>, writes never throw for
/// a failure of the store: they answer with one of three outcomes.
/// </summary>
public interface IStore
{
    /// <summary>A linearizable read of every key that begins with one of <paramref name="prefixes"/>, at
    /// one revision.</summary>
    ValueTask<Snapshot> ReadAsync(ImmutableArray<string> prefixes, CancellationToken stop);

    /// <summary>One transaction: all of <see cref="Transaction.Then"/> if all of <see
    /// cref="Transaction.If"/> hold.</summary>
    ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken stop);

    /// <summary>A new lease of <paramref name="ttl"/>, whole seconds.</summary>
    ValueTask<LeaseGrant> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop);

    /// <summary>What is left of a lease; null when it no longer exists. Linearizable enough for an expired lease only
    /// on etcd's leader, so a caller treats "exists" as hearsay and "gone" as a fact.</summary>
    ValueTask<TimeSpan?> TimeToLiveAsync(long lease, CancellationToken stop);

    /// <summary>One keep-alive; the remaining time, or null when the lease is gone.</summary>
    ValueTask<TimeSpan?> KeepAliveAsync(long lease, CancellationToken stop);

    ValueTask<WriteOutcome> RevokeLeaseAsync(long lease, CancellationToken stop);

    /// <summary>
    /// Every change of keys with one of <paramref name="prefixes"/> from <paramref name="fromRevision"/> (1 or more)
    /// on. In order under each prefix; a transaction that touches two prefixes comes as two batches, not always next
    /// to each other. No prefix may begin with another one of them.
    /// Also yields batches without changes as signs of life (progress). Ends with
    /// <see cref="StoreUnavailableException"/> when the stream breaks or is silent for 2 s, and with
    /// <see cref="CompactedException"/> when the revision is gone: the caller then reads everything and begins again.
    /// </summary>
    IAsyncEnumerable<WatchBatch> WatchAsync(
        ImmutableArray<string> prefixes, long fromRevision, CancellationToken stop);
}

/// <summary>The three outcomes of a remote write. Unknown: it may have happened, or may yet happen.</summary>
public enum WriteOutcome
{
    Written,
    Refused,
    Unknown,
}

/// <summary>Of an answer: where and when it stands. A change of <paramref name="StoreId"/> is another
/// etcd cluster.</summary>
public readonly record struct StoreHeader(ulong StoreId, ulong Member, long Revision, long RaftTerm);

public sealed record KeyValue(string Key, string Value, long CreateRevision, long ModRevision, long Lease);

public sealed record Snapshot(StoreHeader Header, ImmutableArray<KeyValue> Pairs)
{
    public KeyValue? Find(string key)
    {
        foreach (var pair in Pairs)
        {
            if (string.Equals(pair.Key, key, StringComparison.Ordinal))
                return pair;
        }
        return null;
    }
}

/// <summary>A condition of a transaction.</summary>
public abstract record Compare(string Key)
{
    public sealed record Missing(string Key) : Compare(Key);
    public sealed record Exists(string Key) : Compare(Key);
    public sealed record ModRevision(string Key, long Revision) : Compare(Key);
    public sealed record Value(string Key, string Text) : Compare(Key);

    /// <summary>The key hangs on this lease.</summary>
    public sealed record Lease(string Key, long Id) : Compare(Key);

    /// <summary>Whether it is true of the key as it is; null: there is no such key.</summary>
    public bool Holds(KeyValue? pair) => this switch
    {
        Missing => pair is null,
        Exists => pair is not null,
        ModRevision c => (pair?.ModRevision ?? 0) == c.Revision,
        Value c => string.Equals(pair?.Value, c.Text, StringComparison.Ordinal),
        Lease c => (pair?.Lease ?? 0) == c.Id,
        _ => throw new UnreachableException($"no comparison for {this}"),
    };
}

/// <summary>An effect of a transaction.</summary>
public abstract record Operation(string Key)
{
    /// <param name="Key">The whole key.</param>
    /// <param name="Text">The value, UTF-8.</param>
    /// <param name="Lease">0: the key stays until it is deleted.</param>
    public sealed record Put(string Key, string Text, long Lease = 0) : Operation(Key);
    public sealed record Delete(string Key) : Operation(Key);
    public sealed record DeletePrefix(string Key) : Operation(Key);
}

public sealed record Transaction(ImmutableArray<Compare> If, ImmutableArray<Operation> Then);

/// <param name="Outcome">What came of it.</param>
/// <param name="Header">Of the answer; default when there was none. Its revision is the mod_revision of what
/// was put.</param>
/// <param name="Why">For people, when it was not written.</param>
public readonly record struct CommitResult(WriteOutcome Outcome, StoreHeader Header, string Why);

/// <param name="Lease">0 unless written.</param>
/// <param name="Ttl">What the store granted, which may differ from what was asked.</param>
public readonly record struct LeaseGrant(WriteOutcome Outcome, long Lease, TimeSpan Ttl, string Why);

/// <summary>Changes under one prefix, in order; those of one transaction together. Deleted keys have a null value and
/// the revision of the deletion.</summary>
/// <param name="Header">Of the answer that brought the batch.</param>
/// <param name="Changes">Empty in a sign of life.</param>
/// <param name="ConfirmedAt">CLOCK_BOOTTIME at which a linearizable request was sent whose answer this batch and all
/// before it cover: what they tell was the whole truth at that time. Null where nothing proves it (a pushed change
/// alone doesn't: a member that fell behind pushes old news).</param>
public sealed record WatchBatch(StoreHeader Header, ImmutableArray<Change> Changes, TimeSpan? ConfirmedAt = null);

/// <param name="Key">The whole key.</param>
/// <param name="Now">The key as it is after the change; null when it was deleted.</param>
/// <param name="Revision">Of the change.</param>
public sealed record Change(string Key, KeyValue? Now, long Revision);

/// <summary>No endpoint answered in time, or none could.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The revision asked for has been compacted away.</summary>
public sealed class CompactedException(long compactRevision)
    : Exception($"compacted up to revision {compactRevision}")
{
    public long CompactRevision { get; } = compactRevision;
}
