using System.Buffers.Binary;

namespace Holdfast.Postgres.Wire;

/// <summary>What Describe and Close are about.</summary>
public enum ExtendedTarget
{
    Statement,
    Portal,
}

/// <summary>
/// The names in the extended protocol's messages (PostgreSQL manual, Message Formats: Parse, Bind, Describe, Execute,
/// Close). Names are bytes, in the client's encoding; none is copied. Each returns false for a body that PostgreSQL
/// would refuse.
/// </summary>
public static class ExtendedQuery
{
    /// <summary>Parse: the statement's name, then its text and the types of its parameters.</summary>
    public static bool TryParse(
        ReadOnlySpan<byte> body, out ReadOnlySpan<byte> statement, out ReadOnlySpan<byte> rest) =>
        TryName(body, out statement, out rest) && TryName(rest, out _, out var types)
        && types.Length >= sizeof(short)
        && types.Length == sizeof(short) + (BinaryPrimitives.ReadUInt16BigEndian(types) * sizeof(int));

    /// <summary>Bind: the portal's name, the statement's, then formats and values, which may not all be here
    /// yet.</summary>
    public static bool TryBind(
        ReadOnlySpan<byte> front, out ReadOnlySpan<byte> portal, out ReadOnlySpan<byte> statement,
        out ReadOnlySpan<byte> rest)
    {
        statement = default;
        return TryName(front, out portal, out rest) && TryName(rest, out statement, out rest);
    }

    /// <summary>Describe and Close.</summary>
    public static bool TryTarget(ReadOnlySpan<byte> body, out ExtendedTarget target, out ReadOnlySpan<byte> name)
    {
        target = default;
        name = default;
        if (body.IsEmpty || body[0] is not ((byte)'S' or (byte)'P'))
            return false;
        target = body[0] == (byte)'S' ? ExtendedTarget.Statement : ExtendedTarget.Portal;
        return TryName(body[1..], out name, out var rest) && rest.IsEmpty;
    }

    /// <summary>Execute: the portal's name, and how many rows at most (0: all).</summary>
    public static bool TryExecute(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> portal, out int rowsMax)
    {
        rowsMax = 0;
        if (!TryName(body, out portal, out var rest) || rest.Length != sizeof(int))
            return false;
        rowsMax = BinaryPrimitives.ReadInt32BigEndian(rest);
        return true;
    }

    static bool TryName(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> rest)
    {
        var end = input.IndexOf((byte)0);
        name = end < 0 ? default : input[..end];
        rest = end < 0 ? default : input[(end + 1)..];
        return end >= 0;
    }
}
