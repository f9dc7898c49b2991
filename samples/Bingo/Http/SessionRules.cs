namespace Bingo.Http;

/// <summary>Which new session makes sense, without a look at the database.</summary>
static class SessionRules
{
    /// <returns>A sentence without its end, or null.</returns>
    public static string? Problem(SessionRequest body) => body switch
    {
        { CustomerId: null } => "the body lacks 'customer_id', a whole number",
        { MovieId: null } => "the body lacks 'movie_id', a whole number",
        { CustomerId: < 1 } or { MovieId: < 1 } => $"an id is a whole number from 1 to {int.MaxValue}",
        // Without an offset it would depend on where this host is.
        { StartTime.Kind: DateTimeKind.Unspecified } => "'start_time' lacks its offset, such as Z or +03:00",
        { StartTime.Year: < HttpLimits.YearFirst or >= HttpLimits.YearEnd } =>
            $"'start_time' must be in the years {HttpLimits.YearFirst} to {HttpLimits.YearEnd - 1}",
        _ => null,
    };
}
