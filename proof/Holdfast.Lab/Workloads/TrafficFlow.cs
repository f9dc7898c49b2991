namespace Holdfast.Lab.Workloads;

/// <summary>Traffic that is under way.</summary>
/// <param name="Ledger">May be looked at meanwhile.</param>
/// <param name="BeganMs">Since the machine's boot.</param>
/// <param name="Workers">Ends when the writing was told to.</param>
/// <param name="Probing">Of the direct writers; null where there are none.</param>
sealed record TrafficFlow(Ledger Ledger, double BeganMs, Task Workers, Task<IReadOnlyList<Attempt>>? Probing);
