using Microsoft.Extensions.Logging;

namespace Holdfast.Agent.Rest;

/// <summary>Ids 1700-1799 belong to the agent's REST API; an id is never reused.</summary>
static partial class RestLog
{
    [LoggerMessage(1701, LogLevel.Information, "REST API listens on {Address}")]
    public static partial void Listening(this ILogger log, string address);

    [LoggerMessage(1702, LogLevel.Information,
        "Received {Action} request with leader={Leader} candidate={Candidate} scheduled_at={ScheduledAt}")]
    public static partial void SwitchoverAsked(
        this ILogger log, string action, string? leader, string? candidate, string? scheduledAt);

    [LoggerMessage(1703, LogLevel.Information, "Answered {Method} {Path} with {Code}: {Text}")]
    public static partial void Answered(this ILogger log, string method, string path, int code, string text);

    [LoggerMessage(1704, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, Exception exception, string method, string path);
}
