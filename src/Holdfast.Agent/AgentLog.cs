using Holdfast.Cluster.Model;

namespace Holdfast.Agent;

/// <summary>Ids 1000 to 1999 belong to the agent; an id is never reused.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1001, LogLevel.Information, "Decided {Decision}: {Why}")]
    public static partial void Decided(this ILogger log, string decision, string why);

    [LoggerMessage(1002, LogLevel.Information, "{Job} done in {ElapsedMs:0} ms")]
    public static partial void JobDone(this ILogger log, string job, double elapsedMs);

    [LoggerMessage(1003, LogLevel.Warning, "{Job} failed after {ElapsedMs:0} ms: {Why}")]
    public static partial void JobFailed(this ILogger log, string job, double elapsedMs, string why);

    [LoggerMessage(1004, LogLevel.Error, "A turn of the loop failed")]
    public static partial void TurnFailed(this ILogger log, Exception failure);

    [LoggerMessage(1005, LogLevel.Warning, "{What} was {Outcome}: {Why}")]
    public static partial void WriteFailed(this ILogger log, string what, string outcome, string why);

    [LoggerMessage(1006, LogLevel.Information, "PostgreSQL ended")]
    public static partial void PostgresEnded(this ILogger log);

    [LoggerMessage(1007, LogLevel.Information, "Synchronous set: {Step}: {Why}")]
    public static partial void SyncStepTaken(this ILogger log, string step, string why);

    [LoggerMessage(1008, LogLevel.Warning, "Step failed: {What}: {Why}")]
    public static partial void StepFailed(this ILogger log, string what, string why);

    [LoggerMessage(1009, LogLevel.Information, "{Event}")]
    public static partial void Event(this ILogger log, string @event);

    [LoggerMessage(1010, LogLevel.Warning,
        "A turn took {ElapsedMs:0} ms, of which the look took {LookMs:0} ms: {Decision}")]
    public static partial void TurnWasSlow(this ILogger log, double elapsedMs, double lookMs, string decision);

    [LoggerMessage(1011, LogLevel.Information,
        "Start {Number} of a primary is on record: timeline {Timeline}, first transaction {NextXid} {WhyNot}")]
    public static partial void Started(this ILogger log, long number, int timeline, ulong? nextXid, string whyNot);

    [LoggerMessage(1012, LogLevel.Warning,
        "The start as primary waits: without the store it can't be written down, and without that it is not made")]
    public static partial void StartWaits(this ILogger log);

    [LoggerMessage(1013, LogLevel.Warning,
        "Clients are let in though no commit met the synchronous rule within {Seconds:0} s: what they read may be here"
            + " alone")]
    public static partial void OpenedUnmet(this ILogger log, double seconds);

    [LoggerMessage(1014, LogLevel.Information,
        "Hands over: prepared in {PreparedMs:0} ms, word to the proxies {ToldMs:0} ms, quiet {QuietMs:0} ms {WhyNot}")]
    public static partial void HandsOver(
        this ILogger log, double preparedMs, double toldMs, double quietMs, string whyNot);

    [LoggerMessage(1020, LogLevel.Warning, "The disk is {Word} {Why}")]
    public static partial void DiskIs(this ILogger log, string word, string why);

    [LoggerMessage(1021, LogLevel.Warning, "Write probe: {Complaint}")]
    public static partial void ProbeComplained(this ILogger log, string complaint);

    [LoggerMessage(1022, LogLevel.Warning, "The write probe is started again: {Why}")]
    public static partial void ProbeEnded(this ILogger log, string why);

    [LoggerMessage(1030, LogLevel.Information, "Watchdog {Device} armed, {Seconds} s")]
    public static partial void WatchdogArmed(this ILogger log, string device, int seconds);

    [LoggerMessage(1031, LogLevel.Information, "Watchdog {Device} disarmed")]
    public static partial void WatchdogDisarmed(this ILogger log, string device);

    [LoggerMessage(1032, LogLevel.Warning, "Watchdog {Device} does not work: {Why}")]
    public static partial void WatchdogFailed(this ILogger log, string device, string why);

    [LoggerMessage(1101, LogLevel.Information, "Inherited the lease of term {Term}, valid for {LeftMs:0} ms")]
    public static partial void LeaseInherited(this ILogger log, Term term, double leftMs);

    [LoggerMessage(1102, LogLevel.Warning, "Renewal in term {Term} proved nothing: {Why}")]
    public static partial void RenewalUnknown(this ILogger log, Term term, string why);

    [LoggerMessage(1103, LogLevel.Information,
        "Lease of term {Term} replaced under raft term {RaftTerm}, now {ModRevision}")]
    public static partial void LeaseReplaced(this ILogger log, Term term, long raftTerm, long modRevision);

    [LoggerMessage(1104, LogLevel.Warning,
        "The supervisor did not take the deadline of term {Term}: the renewal does not count")]
    public static partial void SupervisorSilent(this ILogger log, Term term);

    [LoggerMessage(1105, LogLevel.Warning, "Fenced PostgreSQL: {Why} (term {Term}, {ElapsedMs:0} ms)")]
    public static partial void Fenced(this ILogger log, string why, Term term, double elapsedMs);

    [LoggerMessage(1107, LogLevel.Warning,
        "The loop has not turned for {Seconds:0} s: the lease of term {Term} is renewed no more")]
    public static partial void LoopSilent(this ILogger log, Term term, double seconds);

    [LoggerMessage(1106, LogLevel.Warning, "No supervisor: this agent alone owns its deadline")]
    public static partial void NoSupervisor(this ILogger log);
}
