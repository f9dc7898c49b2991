namespace Holdfast.PgProxy.Login;

/// <summary>The server refused the login, or could not be talked to.</summary>
/// <param name="SqlState">The server's; null where it said nothing that can be read.</param>
/// <param name="Why">For people.</param>
internal sealed record LoginRefused(string? SqlState, string Why)
{
    /// <summary>Another try, there or elsewhere, may do: nothing is wrong with who asks.</summary>
    public bool IsForNow => SqlState is null || SqlState.StartsWith("57P", StringComparison.Ordinal)
        || SqlState.StartsWith("53", StringComparison.Ordinal) || SqlState.StartsWith("XX", StringComparison.Ordinal);
}
