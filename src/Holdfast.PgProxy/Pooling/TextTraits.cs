namespace Holdfast.PgProxy.Pooling;

/// <summary>What the text of a statement says about the session that runs it.</summary>
[Flags]
internal enum TextTraits : byte
{
    None = 0,

    /// <summary>Makes something that only this session has: a temporary table, an advisory lock of the session, a
    /// cursor WITH HOLD.</summary>
    SessionState = 1,

    /// <summary>A SET that ends with the transaction, or of a setting that the proxy keeps for its client.</summary>
    KeptSet = 2,

    /// <summary>May end a transaction by making it durable: COMMIT, END, or more than one statement.</summary>
    MayCommit = 4,

    /// <summary>DISCARD ALL or DEALLOCATE ALL: what was prepared before it is gone after it.</summary>
    Forgets = 8,

    /// <summary>DISCARD ALL: the session is like a new one after it.</summary>
    Renews = 16,
}
