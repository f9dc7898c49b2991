namespace Holdfast.PgProxy.Pooling;

/// <summary>What the text of a statement says about the session that runs it.</summary>
[Flags]
internal enum TextTraits : ushort
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

    /// <summary>Is not to be sent a second time, whatever became of the first: CALL, DO, COPY, a command that begins or
    /// ends a transaction, or more than one statement.</summary>
    Once = 32,

    /// <summary>BEGIN alone: it has no effect but to begin.</summary>
    Begins = 64,

    /// <summary>COMMIT or END alone, without AND CHAIN.</summary>
    Commits = 128,

    /// <summary>SELECT, SHOW, TABLE or VALUES alone, without INTO; a function that it calls may write.</summary>
    Reads = 256,
}
