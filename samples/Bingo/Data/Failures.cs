using System.Net.Sockets;
using Npgsql;

namespace Bingo.Data;

/// <summary>The database can't be had: away, not ready, or full.</summary>
sealed class DatabaseAwayException(string message, Exception cause) : Exception(message, cause);

/// <summary>A commit was sent and its answer never came.</summary>
sealed class OutcomeUnknownException(Exception cause)
    : Exception("the connection broke while the change was being committed", cause);

/// <summary>What an exception of Npgsql means.</summary>
static class Failures
{
    /// <summary>Another connection, or another server, may do what this one did not.</summary>
    public static bool MayTryAgain(Exception failure) => failure switch
    {
        PostgresException refusal => refusal.SqlState switch
        {
            PostgresErrorCodes.ReadOnlySqlTransaction => true, // a former primary
            PostgresErrorCodes.SerializationFailure => true, // a replica's conflict with recovery
            PostgresErrorCodes.TooManyConnections => true,
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => true,
            PostgresErrorCodes.CannotConnectNow => true,
            var state => state.StartsWith("08", StringComparison.Ordinal),
        },
        NpgsqlException or SocketException or IOException or TimeoutException => true,
        _ => false,
    };

    /// <summary>A sentence without its end for a failure that is the database's; null for one that is ours.</summary>
    public static string? Reason(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } =>
            "its tables are not there yet: 'bingo prepare_db' makes them",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } refusal => refusal.MessageText,
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => "it took too long",
        PostgresException refusal when MayTryAgain(refusal)
            || refusal.SqlState.StartsWith("28", StringComparison.Ordinal)
            || refusal.SqlState.StartsWith("53", StringComparison.Ordinal) => refusal.MessageText,
        PostgresException => null,
        TimeoutException or NpgsqlException { InnerException: TimeoutException } => "it does not answer in time",
        NpgsqlException { InnerException: SocketException socket } => Words(socket),
        NpgsqlException { InnerException: IOException } => "the connection broke",
        NpgsqlException other => other.Message.TrimEnd('.'),
        SocketException socket => Words(socket),
        IOException => "the connection broke",
        _ => null,
    };

    static string Words(SocketException socket) => socket.SocketErrorCode is SocketError.ConnectionRefused
        ? "connection refused"
        : socket.Message.TrimEnd('.');
}
