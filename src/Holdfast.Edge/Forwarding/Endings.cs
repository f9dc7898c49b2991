using Holdfast.Edge.Backends;

namespace Holdfast.Edge.Forwarding;

/// <summary>What an exception of an attempt means.</summary>
internal static class Endings
{
    public static Ending Of(Attempt attempt, Exception failed)
    {
        if (attempt.Exchange.ClientGone.IsCancellationRequested)
            return Ending.ClientGone;
        if (attempt.Exchange.Body.HasFailed)
            return Ending.BodyFailed;
        if (attempt.WasLeft)
            return Ending.TakenOut;
        if (!attempt.HasWritten)
            return Inner<StaleConnectionException>(failed) is not null ? Ending.Stale
                : attempt.Cancelled.IsCancellationRequested ? Ending.TimedOut
                : Ending.NotConnected;
        if (attempt.IsProvedUnread)
            return Ending.Stale;
        return attempt.Cancelled.IsCancellationRequested ? Ending.TimedOut : Ending.Broken;
    }

    /// <summary>For the log.</summary>
    public static string Why(Attempt attempt, Exception failed)
    {
        if (attempt.WasLeft)
            return "it went out of rotation";
        if (attempt.Cancelled.IsCancellationRequested)
            return "no answer in time";
        if (Inner<NotConnectedException>(failed) is { } notConnected)
            return $"no connection: {notConnected.Message}";
        if (attempt.IsProvedUnread)
            return "it closed the connection before it read the request";
        while (failed.InnerException is { } inner)
            failed = inner;
        return failed.Message;
    }

    /// <summary>For metrics.</summary>
    public static string Word(Ending ending) => ending switch
    {
        Ending.AnsweredFailure => "answered_5xx",
        Ending.NotConnected => "not_connected",
        Ending.Stale => "stale_connection",
        Ending.Broken => "broken",
        Ending.TimedOut => "timeout",
        Ending.TakenOut => "taken_out",
        Ending.BodyFailed => "bad_body",
        Ending.ClientGone => "client_gone",
        _ => "none",
    };

    static T? Inner<T>(Exception? failed)
        where T : Exception
    {
        while (failed is not null and not T)
            failed = failed.InnerException;
        return failed as T;
    }
}
