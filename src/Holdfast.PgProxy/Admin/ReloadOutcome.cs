namespace Holdfast.PgProxy.Admin;

/// <summary>What came of reading the file again.</summary>
/// <param name="IsInForce">False: it has problems, and the former one stays.</param>
/// <param name="Notes">The problems; or what is changed and needs a restart.</param>
public sealed record ReloadOutcome(bool IsInForce, IReadOnlyList<string> Notes);
