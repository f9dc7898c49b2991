namespace Holdfast.Lab.Workloads;

/// <summary>What came of one insert, as its client knows it.</summary>
enum Outcome
{
    /// <summary>The server said that it is committed.</summary>
    Acknowledged,

    /// <summary>It certainly is not: never sent, or refused with an error.</summary>
    Failed,

    /// <summary>Sent, and then no answer that proves anything.</summary>
    InDoubt,
}

/// <summary>One insert: a line of the ledger.</summary>
/// <param name="Id">Unique over all runs.</param>
/// <param name="Worker">Which worker, or which host a direct writer writes to (below zero).</param>
/// <param name="Outcome">What its client knows.</param>
/// <param name="Kind">SQLSTATE or a short word; null when it was acknowledged.</param>
/// <param name="SentMs">Since the machine's boot.</param>
/// <param name="EndedMs">When the answer, or the lack of one, was known; since the machine's boot.</param>
/// <param name="Server">The address of the server that acknowledged it.</param>
/// <param name="Timeline">That server's timeline then; 0 unless it was acknowledged.</param>
sealed record Attempt(
    long Id,
    int Worker,
    Outcome Outcome,
    string? Kind,
    double SentMs,
    double EndedMs,
    string? Server = null,
    int Timeline = 0);
