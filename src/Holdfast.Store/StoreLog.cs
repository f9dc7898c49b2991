using Microsoft.Extensions.Logging;

namespace Holdfast.Store;

/// <summary>Ids 4000 to 4999 belong to the store; an id is never reused.</summary>
static partial class StoreLog
{
    [LoggerMessage(4001, LogLevel.Information, "Store: left {Endpoint} for {Next}: {Why}")]
    public static partial void LeftMember(this ILogger log, string endpoint, string next, string why);

    [LoggerMessage(4002, LogLevel.Warning, "Store: no view of the cluster ({Why}); reading again in {PauseMs} ms")]
    public static partial void WatchEnded(this ILogger log, string why, double pauseMs);

    [LoggerMessage(4003, LogLevel.Information, "Store: watching the cluster from revision {Revision}")]
    public static partial void Watching(this ILogger log, long revision);

    [LoggerMessage(4004, LogLevel.Error, "Store: the watcher failed; reading again in {PauseMs} ms")]
    public static partial void WatcherFailed(this ILogger log, Exception exception, double pauseMs);
}
