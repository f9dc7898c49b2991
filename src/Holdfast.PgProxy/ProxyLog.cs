using System.Net;
using Holdfast.PgProxy.Routing;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy;

/// <summary>Ids 4000 to 4999 belong to the PostgreSQL proxy; an id is never reused.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(4000, LogLevel.Information, "Listening on {EndPoint} for the port {Port}")]
    public static partial void Listening(this ILogger log, Port port, EndPoint endPoint);

    [LoggerMessage(4001, LogLevel.Information, "Port {Port}: new connections go to {Servers}: {Why}")]
    public static partial void Routed(this ILogger log, Port port, string servers, string why);

    [LoggerMessage(4002, LogLevel.Warning, "Port {Port}: new connections wait: {Why}")]
    public static partial void Waiting(this ILogger log, Port port, string why);

    [LoggerMessage(4003, LogLevel.Warning, "Cut {Count} connections to {Server}: {Why}")]
    public static partial void Cut(this ILogger log, int count, Server server, string why);

    [LoggerMessage(4004, LogLevel.Debug, "Port {Port}: a client is held: {Why}")]
    public static partial void Holding(this ILogger log, Port port, string why);

    [LoggerMessage(4005, LogLevel.Debug, "Port {Port}: {Client} ended: {Reason}")]
    public static partial void Closed(this ILogger log, Port port, EndPoint? client, CloseReason reason);

    [LoggerMessage(4006, LogLevel.Warning, "Port {Port}: {Client} was refused: {Why}")]
    public static partial void Refused(this ILogger log, Port port, EndPoint? client, string why);

    [LoggerMessage(4007, LogLevel.Error, "Port {Port}: accepting failed; the next try is in {PauseMs} ms")]
    public static partial void AcceptFailed(this ILogger log, Port port, double pauseMs, Exception error);

    [LoggerMessage(4008, LogLevel.Error, "Port {Port}: serving {Client} failed")]
    public static partial void Broken(this ILogger log, Port port, EndPoint? client, Exception error);

    [LoggerMessage(4009, LogLevel.Information, "Stopping: {Clients} clients have {DrainSeconds} s to end")]
    public static partial void Draining(this ILogger log, int clients, double drainSeconds);

    [LoggerMessage(4010, LogLevel.Information, "Stopped; {Clients} clients were cut off")]
    public static partial void Stopped(this ILogger log, int clients);

    [LoggerMessage(4011, LogLevel.Error, "Term {Term} could not be written down; it is in force until a restart")]
    public static partial void TermNotKept(this ILogger log, long term, Exception error);

    [LoggerMessage(4060, LogLevel.Warning, "An operator has ordered {Order} {Database}")]
    public static partial void Ordered(this ILogger log, string order, string database);

    [LoggerMessage(4061, LogLevel.Information, "Serving metrics on {EndPoint}")]
    public static partial void ServingMetrics(this ILogger log, EndPoint endPoint);

    [LoggerMessage(4062, LogLevel.Error, "Serving metrics failed")]
    public static partial void MetricsFailed(this ILogger log, Exception error);

    [LoggerMessage(4063, LogLevel.Warning, "A process that asked for the listening sockets has not taken them: {Why}")]
    public static partial void HandoverFailed(this ILogger log, string why);

    [LoggerMessage(4067, LogLevel.Information, "No next process will be able to take the ports: {Why}")]
    public static partial void NoHandover(this ILogger log, string why);

    [LoggerMessage(4064, LogLevel.Information,
        "The next process has the ports; {Clients} clients may stay here for {Seconds} s")]
    public static partial void HandedOver(this ILogger log, int clients, double seconds);

    [LoggerMessage(4065, LogLevel.Information, "The file was read again and is in force: {Notes}")]
    public static partial void Reloaded(this ILogger log, string notes);

    [LoggerMessage(4066, LogLevel.Error, "The file was read again, and the former settings stay in force: {Problems}")]
    public static partial void ReloadRefused(this ILogger log, string problems);

    [LoggerMessage(4050, LogLevel.Information, "Up to {Clients} clients at once; {Files} open files are allowed")]
    public static partial void ClientsAllowed(this ILogger log, int clients, int files);

    [LoggerMessage(4051, LogLevel.Warning,
        "max_client_conn is {Wanted}, and {Files} open files are allowed: up to {Clients} clients at once")]
    public static partial void ClientsBounded(this ILogger log, int wanted, int files, int clients);

    [LoggerMessage(4012, LogLevel.Error, "Loop {Loop}: serving a connection failed; it is closed")]
    public static partial void LoopFailed(this ILogger log, int loop, Exception error);

    [LoggerMessage(4030, LogLevel.Warning, "Port {Port}: {User} can't look users up: {Why}")]
    public static partial void UsersNotFound(this ILogger log, Port port, string user, string why);

    [LoggerMessage(4031, LogLevel.Information, "{Note}")]
    public static partial void HbaNote(this ILogger log, string note);

    [LoggerMessage(4032, LogLevel.Warning, "Port {Port}: no login to a server as {User} at {Database}: {Why}")]
    public static partial void NotLoggedIn(this ILogger log, Port port, string user, string database, string why);
}
