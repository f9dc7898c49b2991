using System.Net.Sockets;
using Npgsql;

namespace Holdfast.Lab.Workloads;

/// <summary>What an exception of the client says about the statement.</summary>
static class Failure
{
    /// <summary>SQLSTATEs that say: it may have been committed (PostgreSQL manual, appendix A).</summary>
    static bool IsUnknown(string state) => state is "08007" or "40003";

    /// <summary>A sent statement that ended this way. FATAL ends the session, and may have come after the
    /// commit.</summary>
    public static Outcome OfSent(Exception failure) =>
        failure is PostgresException { InvariantSeverity: "ERROR" } refused && !IsUnknown(refused.SqlState)
            ? Outcome.Failed : Outcome.InDoubt;

    public static string Kind(Exception failure) => failure switch
    {
        PostgresException refused => refused.SqlState,
        TimeoutException or OperationCanceledException => "timeout",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "refused",
        { InnerException: { } inner } => Kind(inner),
        _ => "lost",
    };
}
