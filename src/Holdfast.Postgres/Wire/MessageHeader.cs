using System.Buffers.Binary;

namespace Holdfast.Postgres.Wire;

/// <summary>Whether the bytes so far begin with a header that may be gone by.</summary>
public enum HeaderRead
{
    NeedMore,
    Whole,

    /// <summary>No peer that keeps to the protocol sends this: the connection can't be read any further.</summary>
    Broken,
}

/// <summary>
/// The front of every message after the startup packet: a tag, and a length that counts itself (PostgreSQL manual,
/// Message Flow). A length within the tag's limit says nothing of what is buffered: large messages pass through in
/// pieces.
/// </summary>
public readonly record struct MessageHeader(byte Tag, int BodyBytes)
{
    public const int Bytes = 1 + sizeof(int);

    /// <summary>Header and body.</summary>
    public long WholeBytes => Bytes + (long)BodyBytes;

    /// <summary>From a client: the tag must be one of its own, and the length within PostgreSQL's limit for
    /// it.</summary>
    public static HeaderRead FromClient(ReadOnlySpan<byte> input, out MessageHeader header) =>
        Read(input, input.IsEmpty ? 0 : ClientMessage.BodyBytesMax(input[0]), out header);

    /// <summary>From a server: rows and errors may be as long as the format allows.</summary>
    public static HeaderRead FromServer(ReadOnlySpan<byte> input, out MessageHeader header) =>
        Read(input, input.IsEmpty ? 0 : ServerMessage.BodyBytesMax(input[0]), out header);

    static HeaderRead Read(ReadOnlySpan<byte> input, int bodyBytesMax, out MessageHeader header)
    {
        header = default;
        if (input.IsEmpty)
            return HeaderRead.NeedMore;
        if (bodyBytesMax < 0)
            return HeaderRead.Broken;
        if (input.Length < Bytes)
            return HeaderRead.NeedMore;
        var length = BinaryPrimitives.ReadInt32BigEndian(input[1..]);
        if (length < sizeof(int) || length - sizeof(int) > bodyBytesMax)
            return HeaderRead.Broken;
        header = new MessageHeader(input[0], length - sizeof(int));
        return HeaderRead.Whole;
    }

    /// <summary>Writes it to the front of <paramref name="output"/>.</summary>
    public void Write(Span<byte> output)
    {
        output[0] = Tag;
        BinaryPrimitives.WriteInt32BigEndian(output[1..], sizeof(int) + BodyBytes);
    }
}
