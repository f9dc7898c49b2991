using Holdfast.Cluster.Model;
using Microsoft.Extensions.Logging;

namespace Holdfast.Postgres.Instance;

/// <summary>Ids 3000-3099 belong to the instance; an id is never reused.</summary>
static partial class PostgresLog
{
    [LoggerMessage(3000, LogLevel.Information, "Postmaster started, pid {Pid}")]
    public static partial void PostmasterStarted(this ILogger log, int pid);

    [LoggerMessage(3001, LogLevel.Information, "Postmaster ended, pid {Pid}")]
    public static partial void PostmasterEnded(this ILogger log, int pid);

    [LoggerMessage(3002, LogLevel.Error, "standby.signal could not be written: {Why}")]
    public static partial void NoStandbySignal(this ILogger log, string why);

    [LoggerMessage(3003, LogLevel.Information, "Local history against {Source}: {Verdict}, {Why}")]
    public static partial void Compared(this ILogger log, string source, HistoryVerdict verdict, string why);

    [LoggerMessage(3004, LogLevel.Information, "{Step} took {ElapsedMs} ms: {Outcome}")]
    public static partial void Stepped(this ILogger log, string step, long elapsedMs, string outcome);

    [LoggerMessage(3005, LogLevel.Information, "Adopted the running postmaster, pid {Pid}")]
    public static partial void Adopted(this ILogger log, int pid);
}
