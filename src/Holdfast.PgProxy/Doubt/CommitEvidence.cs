using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Holdfast.Cluster.Model;

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

    const int Columns = 4;

    /// <summary>Of the DataRow that answers; null: it is no such row.</summary>
    public static CommitEvidence? Read(NodeName server, ReadOnlySpan<byte> row)
    {
        Span<Range> values = stackalloc Range[Columns];
        if (!TryColumns(row, values) || row[values[0]] is var xid && !IsNumber(xid, out var number)
            || !long.TryParse(row[values[3]], NumberStyles.None, CultureInfo.InvariantCulture, out var started))
            return null;
        return new CommitEvidence(
            server, started, number, row[values[1]].SequenceEqual("serializable"u8),
            Encoding.ASCII.GetString(row[values[2]]) is "on" or "remote_write" or "remote_apply");
    }

    static bool IsNumber(ReadOnlySpan<byte> text, out ulong? number)
    {
        var isNumber = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
        number = isNumber ? parsed : null;
        return isNumber || text.IsEmpty;
    }

    // DataRow (PostgreSQL manual, Message Formats). NULL is as good as nothing here.
    static bool TryColumns(ReadOnlySpan<byte> row, Span<Range> values)
    {
        if (row.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(row) != values.Length)
            return false;
        var at = sizeof(short);
        for (var i = 0; i < values.Length; i++)
        {
            if (row.Length - at < sizeof(int))
                return false;
            var length = Math.Max(BinaryPrimitives.ReadInt32BigEndian(row[at..]), 0);
            at += sizeof(int);
            if (row.Length - at < length)
                return false;
            values[i] = at..(at + length);
            at += length;
        }
        return true;
    }
}
