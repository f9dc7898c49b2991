namespace Bingo.Faults;

enum FaultKind
{
    /// <summary>The process ends at once, without a word to anybody.</summary>
    Die,

    /// <summary>No request is answered.</summary>
    Hang,

    /// <summary>Every request is answered with 500.</summary>
    Error,
}

/// <param name="Kind">What is done.</param>
/// <param name="OrderedAt">Timestamp of the clock.</param>
/// <param name="After">From the order.</param>
/// <param name="For">How long; zero: until the process ends.</param>
/// <param name="Answered">Ends when the client surely has its answer.</param>
sealed record FaultOrder(FaultKind Kind, long OrderedAt, TimeSpan After, TimeSpan For, Task Answered);
