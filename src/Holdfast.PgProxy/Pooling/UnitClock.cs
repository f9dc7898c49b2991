namespace Holdfast.PgProxy.Pooling;

/// <summary>When what a server does for its client began. Times are those of the loop's turn: none is read for
/// it.</summary>
internal struct UnitClock
{
    TimeSpan _unit, _transaction;

    /// <summary>Since when it works on what it owes; since when it has owed nothing.</summary>
    public readonly TimeSpan Since => _unit;

    /// <summary>A message is sent.</summary>
    /// <param name="owed">What the server owed before.</param>
    /// <param name="isInTransaction">It has one open.</param>
    /// <param name="now">Of the loop.</param>
    public void Sent(int owed, bool isInTransaction, TimeSpan now)
    {
        if (owed == 0)
            Begin(isInTransaction, now);
    }

    /// <summary>A unit of the client's is answered.</summary>
    public void Answered(PoolCounts counts, bool isInTransaction, TimeSpan now)
    {
        counts.UnitDone(now - _unit);
        if (!isInTransaction)
            counts.TransactionDone(now - _transaction);
        // What was sent behind it has its turn.
        Begin(isInTransaction, now);
    }

    void Begin(bool isInTransaction, TimeSpan now)
    {
        _unit = now;
        if (!isInTransaction)
            _transaction = now;
    }
}
