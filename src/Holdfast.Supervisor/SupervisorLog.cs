using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor;

/// <summary>Ids 6000 to 6999 belong to the supervisor; an id is never used again.</summary>
internal static partial class SupervisorLog
{
    [LoggerMessage(6001, LogLevel.Information, "Supervisor of {Host} begins, pid {Pid}: {Programs}")]
    public static partial void Begins(this ILogger log, string host, int pid, string programs);

    [LoggerMessage(6002, LogLevel.Information, "Supervisor ends")]
    public static partial void Ends(this ILogger log);

    [LoggerMessage(6003, LogLevel.Warning, "No cgroup of our own below {Parent}: programs are known by process only")]
    public static partial void NoCgroup(this ILogger log, string parent);

    [LoggerMessage(6010, LogLevel.Information, "{Name} started, pid {Pid}")]
    public static partial void Started(this ILogger log, string name, int pid);

    [LoggerMessage(6011, LogLevel.Information, "{Name} adopted, pid {Pid}")]
    public static partial void Adopted(this ILogger log, string name, int pid);

    [LoggerMessage(6012, LogLevel.Information, "{Name} is ready after {ElapsedMs} ms")]
    public static partial void Ready(this ILogger log, string name, double elapsedMs);

    [LoggerMessage(6013, LogLevel.Warning, "{Name} is not ready any more")]
    public static partial void Unready(this ILogger log, string name);

    [LoggerMessage(6014, LogLevel.Warning, "{Name} {What}; starts again in {DelayMs} ms ({Why})")]
    public static partial void Restarts(this ILogger log, string name, string what, double delayMs, string why);

    [LoggerMessage(6015, LogLevel.Error, "{Name} has failed: {What}; {Why}")]
    public static partial void Failed(this ILogger log, string name, string what, string why);

    [LoggerMessage(6016, LogLevel.Information, "{Name} stops")]
    public static partial void Stopping(this ILogger log, string name);

    [LoggerMessage(6017, LogLevel.Information, "{Name} stopped after {ElapsedMs} ms")]
    public static partial void Stopped(this ILogger log, string name, double elapsedMs);

    [LoggerMessage(6018, LogLevel.Warning, "{Name} did not end within {GraceMs} ms and is killed")]
    public static partial void StopKilled(this ILogger log, string name, double graceMs);

    [LoggerMessage(6019, LogLevel.Information, "{Name} starts although {Other} is not ready after {WaitedMs} ms")]
    public static partial void NotWaiting(this ILogger log, string name, string other, double waitedMs);

    [LoggerMessage(6020, LogLevel.Warning, "{Name} has not answered for {ForMs} ms and is killed")]
    public static partial void UnhealthyKilled(this ILogger log, string name, double forMs);

    [LoggerMessage(6030, LogLevel.Warning,
        "PostgreSQL fenced, since {Why}: {Killed} killed by the sweep, "
        + "took {TookMs} ms, {AfterDeadlineMs} ms after the deadline")]
    public static partial void Fenced(this ILogger log, string why, int killed, double tookMs, double afterDeadlineMs);

    [LoggerMessage(6031, LogLevel.Warning, "Ticket refused: {Why}")]
    public static partial void FenceRefused(this ILogger log, string why);

    [LoggerMessage(6032, LogLevel.Error, "A fencing thread stumbled and goes on")]
    public static partial void FenceStumbled(this ILogger log, Exception failure);

    [LoggerMessage(6040, LogLevel.Information,
        "etcd's leadership goes to {Target}, since this host has the primary: {Outcome}")]
    public static partial void LeadershipMoved(this ILogger log, string target, string outcome);

    [LoggerMessage(6041, LogLevel.Debug, "etcd's leadership could not be looked at: {Why}")]
    public static partial void LeadershipUnseen(this ILogger log, string why);

    [LoggerMessage(6042, LogLevel.Information, "etcd member of this host: {Decision}, since {Why}")]
    public static partial void EtcdEnters(this ILogger log, string decision, string why);

    [LoggerMessage(6050, LogLevel.Warning, "The output of {Name} could not be copied: {Why}")]
    public static partial void OutputLost(this ILogger log, string name, string why);

    [LoggerMessage(6051, LogLevel.Error, "A loop of the supervisor stumbled and goes on: {What}")]
    public static partial void Stumbled(this ILogger log, string what, Exception failure);

    [LoggerMessage(6060, LogLevel.Warning, "{Name} is killed with all that it started: {Why}")]
    public static partial void AppKilled(this ILogger log, string name, string why);

    [LoggerMessage(6061, LogLevel.Information, "{Name} is prepared, once for the cluster")]
    public static partial void Prepares(this ILogger log, string name);

    [LoggerMessage(6062, LogLevel.Information, "{Name} was prepared within {ElapsedMs} ms")]
    public static partial void Prepared(this ILogger log, string name, double elapsedMs);

    [LoggerMessage(6063, LogLevel.Warning, "That {Name} is prepared could not be written: {Why}")]
    public static partial void PreparedUnwritten(this ILogger log, string name, string why);

    [LoggerMessage(6064, LogLevel.Warning, "The cluster can't be told of this host's apps: {Why}")]
    public static partial void InstancesUnwritten(this ILogger log, string why);

    [LoggerMessage(6065, LogLevel.Information, "The cluster is told of this host's apps again")]
    public static partial void InstancesWritten(this ILogger log);
}
