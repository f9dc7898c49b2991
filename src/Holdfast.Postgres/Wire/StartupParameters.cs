using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Holdfast.Postgres.Wire;

/// <summary>
/// What a client wants of its session: the body of a StartupMessage (PostgreSQL manual, Message Formats). Names are as
/// the client wrote them, each once: PostgreSQL takes the last of two.
/// </summary>
public sealed record StartupParameters(int Major, int Minor, ImmutableSortedDictionary<string, string> Values)
{
    const string Reserved = "_pq_.";
    const int HeaderBytes = 2 * sizeof(int);

    public string User { get; } = Values.GetValueOrDefault("user", "");

    /// <summary>PostgreSQL's rule: where none is named it is the user's name.</summary>
    public string Database { get; } = Values.GetValueOrDefault("database", "") is { Length: > 0 } named
        ? named
        : Values.GetValueOrDefault("user", "");

    /// <summary>Extensions of the protocol that were asked for; none is known yet, and the client must be told
    /// so.</summary>
    public IEnumerable<string> Extensions =>
        Values.Keys.Where(name => name.StartsWith(Reserved, StringComparison.Ordinal));

    /// <summary>Settings of the session: everything but the user, the database, replication and extensions.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings => Values.Where(value =>
        value.Key is not ("user" or "database" or "replication")
        && !value.Key.StartsWith(Reserved, StringComparison.Ordinal));

    /// <summary>True where a walsender is asked for: nothing that a pool may hand on.</summary>
    public bool IsReplication { get; } = Values.GetValueOrDefault("replication", "") is { Length: > 0 } value
        && value is not ("false" or "off" or "no" or "0");

    /// <param name="packet">Whole, as <see cref="StartupPacket.Read"/> found it.</param>
    /// <returns>Null: names and values do not alternate up to a final zero.</returns>
    public static StartupParameters? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < HeaderBytes)
            return null;
        var version = BinaryPrimitives.ReadInt32BigEndian(packet[sizeof(int)..]);
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var rest = packet[HeaderBytes..];
        while (TryText(ref rest, out var name))
        {
            if (name.Length == 0)
                return rest.IsEmpty ? new(version >> 16, version & 0xffff, values.ToImmutable()) : null;
            if (!TryText(ref rest, out var value))
                return null;
            values[name] = value;
        }
        return null;
    }

    /// <summary>The packet that says the same, with a protocol version of our own choice.</summary>
    public static byte[] Write(int major, int minor, IEnumerable<KeyValuePair<string, string>> values)
    {
        var body = new MemoryStream();
        foreach (var (name, value) in values)
        {
            body.Write(Encoding.UTF8.GetBytes($"{name}\0{value}\0"));
        }
        body.WriteByte(0);
        var packet = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(sizeof(int)), (major << 16) | minor);
        body.ToArray().CopyTo(packet, HeaderBytes);
        return packet;
    }

    static bool TryText(ref ReadOnlySpan<byte> rest, out string text)
    {
        var end = rest.IndexOf((byte)0);
        text = end < 0 ? "" : Encoding.UTF8.GetString(rest[..end]);
        rest = end < 0 ? [] : rest[(end + 1)..];
        return end >= 0;
    }
}
