using System.Buffers.Binary;
using System.Net.Sockets;

namespace Holdfast.PgProxy.Backend;

/// <summary>Socket options of both sides (tcp(7), socket(7); Linux).</summary>
internal static class TcpOptions
{
    const int SolSocket = 1, SoReuseAddr = 2, IpProtoTcp = 6, TcpUserTimeout = 18;

    /// <param name="socket">Connected, or about to be.</param>
    /// <param name="unackedMs">How long sent bytes may stay without acknowledgement.</param>
    public static void ForSession(Socket socket, int unackedMs)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(
            SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, ProxyLimits.KeepAliveSeconds);
        socket.SetSocketOption(
            SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProxyLimits.KeepAliveIntervalSeconds);
        socket.SetSocketOption(
            SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, ProxyLimits.KeepAliveTries);
        SetInt(socket, IpProtoTcp, TcpUserTimeout, unackedMs);
    }

    /// <summary>A restart may listen again at once; .NET's ReuseAddress would also let a second proxy listen.</summary>
    public static void ForListener(Socket socket) => SetInt(socket, SolSocket, SoReuseAddr, 1);

    /// <summary>Ends the connection now, by a reset, so that the peer takes nothing for a proper end.</summary>
    public static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // Already closed: that is all we want.
        }
        socket.Dispose();
    }

    static void SetInt(Socket socket, int level, int option, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        else
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        socket.SetRawSocketOption(level, option, bytes);
    }
}
