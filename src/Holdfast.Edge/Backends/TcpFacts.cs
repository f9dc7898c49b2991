using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Holdfast.Edge.Backends;

/// <summary>What Linux tells of a connection: getsockopt TCP_INFO, struct tcp_info of linux/tcp.h.</summary>
internal static class TcpFacts
{
    const int LevelTcp = 6, TcpInfo = 11;

    /// <summary>After 8 bytes of small fields, 24 numbers of 4 bytes, and two rates of 8 bytes.</summary>
    const int BytesAckedAt = 120, BytesAckedEnd = BytesAckedAt + sizeof(ulong);

    /// <summary>Bytes that the other side's kernel has taken, since the connection began (RFC 4898,
    /// tcpEStatsAppHCThruOctetsAcked); <see cref="long.MaxValue"/> where the kernel does not say: nothing is proved
    /// then.</summary>
    public static long BytesAcknowledged(Socket socket)
    {
        Span<byte> info = stackalloc byte[BytesAckedEnd];
        try
        {
            return socket.GetRawSocketOption(LevelTcp, TcpInfo, info) >= BytesAckedEnd
                ? (long)Math.Min(MemoryMarshal.Read<ulong>(info[BytesAckedAt..]), long.MaxValue)
                : long.MaxValue;
        }
        catch (Exception unknown) when (unknown is SocketException or ObjectDisposedException)
        {
            return long.MaxValue;
        }
    }
}
