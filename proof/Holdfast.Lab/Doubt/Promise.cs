namespace Holdfast.Lab.Doubt;

/// <summary>What a client was told of a transaction.</summary>
enum Told
{
    /// <summary>It is committed.</summary>
    Committed,

    /// <summary>It is not, and never will be: an error says so, or COMMIT was never sent.</summary>
    RolledBack,

    /// <summary>08007, or no answer at all.</summary>
    InDoubt,
}

/// <summary>One transaction, as its client knows it; it inserts one row.</summary>
/// <param name="Row">Whose, and which.</param>
/// <param name="Told">Of it.</param>
/// <param name="Code">SQLSTATE, or <see cref="TellRules.Broken"/>; null: committed.</param>
/// <param name="AtEnd">Told at the statement that commits, not before it.</param>
/// <param name="BeganMs">Since the machine's boot.</param>
/// <param name="EndedMs">When it was told; since the machine's boot.</param>
readonly record struct Promise(Row Row, Told Told, string? Code, bool AtEnd, double BeganMs, double EndedMs);

/// <summary>A row of the table.</summary>
readonly record struct Row(int Client, int Number);
