using System.Globalization;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Doubt;

/// <summary>What the server said of a transaction just before the COMMIT that ends it, so that its fate can be found
/// out should the answer be lost.</summary>
/// <param name="Server">Whose transaction it is.</param>
/// <param name="PostmasterStarted">Of that server, in microseconds since 1970: which start of a primary it is.</param>
/// <param name="Xid">Its 64-bit transaction id; null: it has written nothing.</param>
/// <param name="IsSerializable">Then even one that has only read may fail at its COMMIT.</param>
/// <param name="IsDurable">It waits for its standbys, as far as the server's names ask for it.</param>
internal sealed record CommitEvidence(
    NodeName Server, long PostmasterStarted, ulong? Xid, bool IsSerializable, bool IsDurable)
{
    /// <summary>Asked in the open transaction, in the same write as its COMMIT (PostgreSQL 13 and newer).</summary>
    public const string Question =
        "SELECT pg_current_xact_id_if_assigned(), current_setting('transaction_isolation'), "
        + "current_setting('synchronous_commit'), " + Started;

    /// <summary>Which start of a primary it is, of the one that is asked.</summary>
    public const string WhichStart = "SELECT " + Started;

    const string Started = "(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000)::bigint";

    /// <summary>Of the DataRow that answers; null: it is no such row.</summary>
    public static CommitEvidence? Read(NodeName server, ReadOnlySpan<byte> row)
    {
        var number = 0UL;
        if (DataRow.Read(row) is not [var xid, var isolation, var level, var since]
            || (xid is not null && !ulong.TryParse(xid, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            || !long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var started))
            return null;
        return new CommitEvidence(
            server, started, xid is null ? null : number, isolation is "serializable",
            level is "on" or "remote_write" or "remote_apply");
    }
}
