namespace Holdfast.Edge.Forwarding;

/// <summary>How an attempt ended, by side and stage.</summary>
internal enum Ending
{
    /// <summary>The head of an answer is here.</summary>
    Answered,

    /// <summary>The same, and it is one of 500, 502, 503, 504.</summary>
    AnsweredFailure,

    /// <summary>No connection: nothing was sent.</summary>
    NotConnected,

    /// <summary>The connection had been closed before: nothing was sent, or surely nothing was read.</summary>
    Stale,

    /// <summary>The connection broke, or the answer made no sense, after something was sent.</summary>
    Broken,

    /// <summary>No first byte within the route's timeout.</summary>
    TimedOut,

    /// <summary>The instance went out of rotation while the request waited on it.</summary>
    TakenOut,

    /// <summary>The client's body could not be read, or broke a limit.</summary>
    BodyFailed,

    ClientGone,
}

/// <summary>What a retry decision may look at.</summary>
/// <param name="Ending">Of the last attempt.</param>
/// <param name="IsSafe">GET, HEAD or OPTIONS (RFC 9110, 9.2.1).</param>
/// <param name="CanReplay">All that was read of the request's body is kept.</param>
/// <param name="HasAnother">An instance that was not tried may be tried.</param>
/// <param name="Attempts">Up to now, without those on stale connections.</param>
/// <param name="Stale">Attempts that met a stale connection.</param>
internal readonly record struct RetryFacts(
    Ending Ending, bool IsSafe, bool CanReplay, bool HasAnother, int Attempts, int Stale);

internal enum NextStep
{
    /// <summary>The answer goes to the client.</summary>
    PassOn,

    /// <summary>On an instance that was not tried.</summary>
    TryAnother,

    /// <summary>On any instance, the same one included: the connection was old, not the instance bad.</summary>
    TryAgain,

    /// <summary>The client gets an error.</summary>
    Fail,

    /// <summary>There is nobody to answer.</summary>
    Forget,
}

/// <summary>Whether a request is sent again: pure. Nothing may be carried out twice unless it is safe to.</summary>
internal static class RetryRules
{
    public static NextStep Decide(RetryFacts facts) => facts.Ending switch
    {
        Ending.Answered => NextStep.PassOn,
        Ending.AnsweredFailure => facts.IsSafe && MayTryAnother(facts) ? NextStep.TryAnother : NextStep.PassOn,
        Ending.NotConnected => MayTryAnother(facts) ? NextStep.TryAnother : NextStep.Fail,
        Ending.Stale => facts.CanReplay && facts.Stale <= EdgeLimits.StaleConnectionsMax
            ? NextStep.TryAgain
            : NextStep.Fail,
        Ending.Broken or Ending.TimedOut or Ending.TakenOut =>
            facts.IsSafe && MayTryAnother(facts) ? NextStep.TryAnother : NextStep.Fail,
        Ending.BodyFailed => NextStep.Fail,
        Ending.ClientGone => NextStep.Forget,
        _ => throw new System.Diagnostics.UnreachableException($"{facts.Ending}"),
    };

    /// <summary>True if the instance is to blame, and the failure counts against it.</summary>
    public static bool IsInstanceFailure(Ending ending) => ending is
        Ending.AnsweredFailure or Ending.NotConnected or Ending.Broken or Ending.TimedOut;

    public static bool IsSafe(string method) => method is "GET" or "HEAD" or "OPTIONS";

    static bool MayTryAnother(RetryFacts facts) =>
        facts.CanReplay && facts.HasAnother && facts.Attempts < EdgeLimits.AttemptsMax;
}
