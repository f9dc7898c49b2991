namespace Holdfast.PgProxy.Pooling;

/// <summary>
/// What one loop has counted of one pool. Written by the loop's thread alone, without a lock; others read, each number
/// for itself. Numbers only grow.
/// </summary>
internal sealed class PoolCounts
{
    /// <summary>Bytes read from clients, and from servers.</summary>
    public long ClientBytes, ServerBytes;

    /// <summary>Messages and groups of messages that a ReadyForQuery answered; and transactions that ended.</summary>
    public long Units, Transactions;

    public long Logins, LoginsFailed, Cancels, Cut;

    /// <summary>Units that were cancelled for query_timeout.</summary>
    public long QueryTimeouts;

    /// <summary>Units whose server was lost: rolled back for sure (40001), or nobody knows (08007).</summary>
    public long RolledBack, InDoubt;

    /// <summary>Units whose server was lost and that were sent to another one.</summary>
    public long Repeated;

    /// <summary>Successes that had to be proved behind a cancel.</summary>
    public long Doubted;

    /// <summary>COMMITs whose answer was lost, by what was found out.</summary>
    public long FoundCommitted, FoundAborted, FoundNothing;

    /// <summary>Units that a replica did not have all for that they had to see; and those for which it was passed over.
    /// </summary>
    public long ReadsWaited, ReadsPassedOver;

    /// <summary>Statements that a server had to parse, and those that it had parsed already.</summary>
    public long StatementsMade, StatementsReused;

    readonly long[] _pinned = new long[(int)PinReason.Command + 1];

    /// <summary>Of clients that had to wait for a server: from the first byte that needed one.</summary>
    public TimeHistogram Waits { get; } = new();

    /// <summary>From the first message that was sent to ReadyForQuery.</summary>
    public TimeHistogram UnitTimes { get; } = new();

    /// <summary>From its first message to the ReadyForQuery that ends it.</summary>
    public TimeHistogram TransactionTimes { get; } = new();

    public long PinnedBy(PinReason reason) => Volatile.Read(ref _pinned[(int)reason]);

    public void Pinned(PinReason reason) => _pinned[(int)reason]++;

    public void Prepared(bool isThere)
    {
        if (isThere)
            StatementsReused++;
        else
            StatementsMade++;
    }

    public void Lost(bool isKnown)
    {
        if (isKnown)
            RolledBack++;
        else
            InDoubt++;
    }

    public void UnitDone(TimeSpan took)
    {
        Units++;
        UnitTimes.Observe(took);
    }

    public void TransactionDone(TimeSpan took)
    {
        Transactions++;
        TransactionTimes.Observe(took);
    }
}
