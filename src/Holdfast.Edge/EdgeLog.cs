using System.Net;
using Holdfast.Edge.Backends;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge;

/// <summary>Ids 7000 to 7999 belong to the edge; an id is never reused.</summary>
internal static partial class EdgeLog
{
    [LoggerMessage(7000, LogLevel.Information, "Listening on {EndPoint}; metrics on {Metrics}")]
    public static partial void Listening(this ILogger log, EndPoint endPoint, EndPoint metrics);

    [LoggerMessage(7001, LogLevel.Information, "Found {Instance}")]
    public static partial void Found(this ILogger log, Instance instance);

    [LoggerMessage(7002, LogLevel.Information, "In rotation: {Instance}")]
    public static partial void InRotation(this ILogger log, Instance instance);

    [LoggerMessage(7003, LogLevel.Warning, "Out of rotation: {Instance}: {Why}")]
    public static partial void OutOfRotation(this ILogger log, Instance instance, string why);

    [LoggerMessage(7004, LogLevel.Information, "Forgot {Instance}: its key is gone, and its check fails")]
    public static partial void Forgotten(this ILogger log, Instance instance);

    [LoggerMessage(7005, LogLevel.Warning,
        "Passed over for {Seconds} s on route {Route}: {Instance}: {MaxFails} failures, the last one: {Why}")]
    public static partial void PassedOver(
        this ILogger log, Instance instance, string route, int maxFails, double seconds, string why);

    [LoggerMessage(7006, LogLevel.Warning, "Request {Id}: {Instance}: {Why}; next: {Next}")]
    public static partial void AttemptFailed(
        this ILogger log, string id, Instance instance, string why, Forwarding.NextStep next);

    [LoggerMessage(7007, LogLevel.Warning, "Request {Id}: {Instance}: the answer broke off after {Bytes} bytes: {Why}")]
    public static partial void AnswerBroke(this ILogger log, string id, Instance instance, long bytes, string why);

    [LoggerMessage(7008, LogLevel.Error, "Request {Id} failed in the edge itself")]
    public static partial void Broken(this ILogger log, string id, Exception exception);

    [LoggerMessage(7009, LogLevel.Information, "Store: watching {Instances} instances from revision {Revision}")]
    public static partial void Watching(this ILogger log, int instances, long revision);

    [LoggerMessage(7010, LogLevel.Warning,
        "Store: no news of the instances ({Why}), the last view stays; reading again in {PauseMs} ms")]
    public static partial void WatchEnded(this ILogger log, string why, double pauseMs);

    [LoggerMessage(7011, LogLevel.Error, "Store: the watch of the instances failed; reading again in {PauseMs} ms")]
    public static partial void WatchFailed(this ILogger log, Exception exception, double pauseMs);

    [LoggerMessage(7012, LogLevel.Information, "Stopping: {Requests} requests have {Seconds} s to end")]
    public static partial void Draining(this ILogger log, long requests, double seconds);

    [LoggerMessage(7013, LogLevel.Information, "Stopped; {Requests} requests were cut off")]
    public static partial void Stopped(this ILogger log, long requests);
}
