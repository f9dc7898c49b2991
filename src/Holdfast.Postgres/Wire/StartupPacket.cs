using System.Buffers.Binary;

namespace Holdfast.Postgres.Wire;

/// <summary>What a client may send before anything else.</summary>
public enum StartupKind
{
    /// <summary>The startup message of a session; its protocol version is the server's business.</summary>
    Startup,
    SslRequest,
    GssEncRequest,
    CancelRequest,
}

/// <summary>Whether the bytes so far hold a whole packet.</summary>
public enum StartupRead
{
    NeedMore,
    Whole,

    /// <summary>No PostgreSQL client sends this; PostgreSQL closes such a connection without an answer.</summary>
    Broken,
}

/// <summary>
/// The untagged packet at the front of a client's stream (PostgreSQL manual, Message Formats: StartupMessage,
/// SSLRequest, GSSENCRequest, CancelRequest). <paramref name="Bytes"/> is its whole length, length field included.
/// </summary>
public readonly record struct StartupPacket(StartupKind Kind, int Bytes)
{
    /// <summary>The longest packet: PostgreSQL's MAX_STARTUP_PACKET_LENGTH and the length field.</summary>
    public const int BytesMax = 10_000 + sizeof(int);

    const int HeaderBytes = 8;
    const int CancelCode = 80877102, SslCode = 80877103, GssEncCode = 80877104;

    /// <summary>Process id, and a secret of 4 bytes; of up to 256 since protocol 3.2.</summary>
    const int CancelBytesMin = HeaderBytes + 8, CancelBytesMax = HeaderBytes + sizeof(int) + 256;

    /// <summary>Looks at the front of <paramref name="input"/>; takes nothing off it.</summary>
    public static StartupRead Read(ReadOnlySpan<byte> input, out StartupPacket packet)
    {
        packet = default;
        if (input.Length < sizeof(int))
            return StartupRead.NeedMore;
        var bytes = BinaryPrimitives.ReadInt32BigEndian(input);
        if (bytes is < HeaderBytes or > BytesMax)
            return StartupRead.Broken;
        if (input.Length < HeaderBytes)
            return StartupRead.NeedMore;
        var kind = BinaryPrimitives.ReadInt32BigEndian(input[sizeof(int)..]) switch
        {
            CancelCode => StartupKind.CancelRequest,
            SslCode => StartupKind.SslRequest,
            GssEncCode => StartupKind.GssEncRequest,
            _ => StartupKind.Startup,
        };
        if (!LengthFits(kind, bytes))
            return StartupRead.Broken;
        if (input.Length < bytes)
            return StartupRead.NeedMore;
        packet = new StartupPacket(kind, bytes);
        return StartupRead.Whole;
    }

    static bool LengthFits(StartupKind kind, int bytes) => kind switch
    {
        StartupKind.Startup => true,
        StartupKind.CancelRequest => bytes is >= CancelBytesMin and <= CancelBytesMax,
        _ => bytes == HeaderBytes,
    };
}
