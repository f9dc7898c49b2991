using System.Buffers.Binary;
using System.Text;
using Holdfast.PgProxy.Doubt;
using Holdfast.Postgres;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>Messages that the proxy says itself.</summary>
internal static class Messages
{
    public static readonly byte[] ParseComplete = Of(ServerMessage.ParseComplete, []);
    public static readonly byte[] BindComplete = Of(ServerMessage.BindComplete, []);
    public static readonly byte[] CloseComplete = Of(ServerMessage.CloseComplete, []);
    public static readonly byte[] Deallocated = Of(ServerMessage.CommandComplete, "DEALLOCATE\0"u8);
    public static readonly byte[] Discarded = Of(ServerMessage.CommandComplete, "DISCARD ALL\0"u8);
    public static readonly byte[] Ready = Of(ServerMessage.ReadyForQuery, "I"u8);
    public static readonly byte[] AuthenticationOk = Authentication(0, []);
    public static readonly byte[] Terminate = Of(ClientMessage.Terminate, []);
    public static readonly byte[] CloseUnnamed = Of(ClientMessage.Close, [(byte)'S', 0]);
    public static readonly byte[] DiscardAll = Query("DISCARD ALL");
    public static readonly byte[] Committed = Of(ServerMessage.CommandComplete, "COMMIT\0"u8);
    public static readonly byte[] Evidence = Query(CommitEvidence.Question);

    public static readonly byte[] Barrier = Query(BarrierCommit.Sql);

    /// <summary>Of a primary: behind all that was committed there. What is inserted and not flushed may stay so for
    /// long while nobody commits, and no standby has it; so it counts only where commits don't wait for the
    /// flush.</summary>
    public static readonly byte[] Written = Query(
        "SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn() "
        + "ELSE pg_current_wal_flush_lsn() END");

    /// <summary>Of a standby: all before it can be read there.</summary>
    public static readonly byte[] Replayed = Query("SELECT pg_last_wal_replay_lsn()");

    public static byte[] Of(byte tag, ReadOnlySpan<byte> body)
    {
        var message = new byte[MessageHeader.Bytes + body.Length];
        new MessageHeader(tag, body.Length).Write(message);
        body.CopyTo(message.AsSpan(MessageHeader.Bytes));
        return message;
    }

    /// <summary>One after the other.</summary>
    public static byte[] Together(byte[] first, byte[] second, byte[] third)
    {
        var all = new byte[first.Length + second.Length + third.Length];
        first.CopyTo(all, 0);
        second.CopyTo(all, first.Length);
        third.CopyTo(all, first.Length + second.Length);
        return all;
    }

    public static byte[] Query(string sql) => Of(ClientMessage.Query, Encoding.UTF8.GetBytes(sql + "\0"));

    /// <param name="kind">0 ok, 3 clear text, 5 md5, 10 SASL, 11 continue, 12 final (PostgreSQL manual, Message
    /// Formats).</param>
    public static byte[] Authentication(int kind, ReadOnlySpan<byte> rest)
    {
        var body = new byte[sizeof(int) + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(body, kind);
        rest.CopyTo(body.AsSpan(sizeof(int)));
        return Of(ServerMessage.Authentication, body);
    }

    public static byte[] ParameterStatus(string name, string value) =>
        Of(ServerMessage.ParameterStatus, Encoding.UTF8.GetBytes($"{name}\0{value}\0"));

    public static byte[] KeyData(int process, int secret)
    {
        Span<byte> body = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(body, process);
        BinaryPrimitives.WriteInt32BigEndian(body[sizeof(int)..], secret);
        return Of(ServerMessage.BackendKeyData, body);
    }

    /// <summary>To a client that wants a newer protocol, or extensions (PostgreSQL manual, Message
    /// Formats: NegotiateProtocolVersion).</summary>
    public static byte[] Negotiate(int minor, IReadOnlyCollection<string> unknown)
    {
        var names = Encoding.UTF8.GetBytes(string.Concat(unknown.Select(name => name + "\0")));
        var body = new byte[(2 * sizeof(int)) + names.Length];
        BinaryPrimitives.WriteInt32BigEndian(body, (3 << 16) | minor);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(sizeof(int)), unknown.Count);
        names.CopyTo(body, 2 * sizeof(int));
        return Of(ServerMessage.NegotiateProtocolVersion, body);
    }

    /// <summary>CancelRequest (PostgreSQL manual, Message Formats).</summary>
    /// <param name="keyData">As the server gave it: process id and secret.</param>
    public static byte[] Cancel(ReadOnlySpan<byte> keyData)
    {
        var packet = new byte[(2 * sizeof(int)) + keyData.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(sizeof(int)), 80877102);
        keyData.CopyTo(packet.AsSpan(2 * sizeof(int)));
        return packet;
    }
}
