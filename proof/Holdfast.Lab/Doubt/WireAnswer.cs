namespace Holdfast.Lab.Doubt;

/// <summary>What came back for one question, up to ReadyForQuery or to the end of the connection.</summary>
/// <param name="IsWhole">ReadyForQuery came. If not, the connection is gone.</param>
/// <param name="Tag">Of CommandComplete; empty: there was none.</param>
/// <param name="Error">The first; null: none.</param>
/// <param name="Status">Of ReadyForQuery: I at rest, T in a transaction, E in one that has failed.</param>
/// <param name="Rows">As text; null: NULL.</param>
sealed record WireAnswer(
    bool IsWhole, string Tag, WireError? Error, char Status, IReadOnlyList<string?[]> Rows)
{
    public bool IsSuccess => IsWhole && Error is null;
}

/// <summary>An ErrorResponse.</summary>
/// <param name="Severity">Field V, which is never translated.</param>
sealed record WireError(string Severity, string SqlState, string Message);
