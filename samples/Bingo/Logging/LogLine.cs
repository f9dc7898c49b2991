namespace Bingo.Logging;

/// <param name="Level">info, warning or error.</param>
/// <param name="Event">What happened, as one word.</param>
/// <param name="Message">The same for people; null where the other values say it.</param>
sealed record LogLine(string Level, string Event, string? Message = null)
{
    /// <summary>Set when it is taken.</summary>
    public DateTimeOffset Time { get; init; }
    public string? RequestId { get; init; }
    public RequestFacts? Request { get; init; }
}

/// <param name="Method">As asked.</param>
/// <param name="Path">Without the query.</param>
/// <param name="Status">499 when the client left before its answer.</param>
/// <param name="Took">From the headers to the end of the answer.</param>
sealed record RequestFacts(string Method, string Path, int Status, TimeSpan Took);
