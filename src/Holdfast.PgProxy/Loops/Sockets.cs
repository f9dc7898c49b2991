using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Holdfast.Foundation;

namespace Holdfast.PgProxy.Loops;

/// <summary>Makes sockets that never block, with the options of a session (tcp(7), socket(7); Linux).</summary>
internal static unsafe class Sockets
{
    const int SolSocket = 1, SoError = 4, SoKeepAlive = 9, SoLinger = 13, IpProtoTcp = 6;
    const int TcpNoDelay = 1, TcpKeepIdle = 4, TcpKeepInterval = 5, TcpKeepCount = 6, TcpDeferAccept = 9,
        TcpUserTimeout = 18;
    const int AddressBytesMax = 128, Ipv4Bytes = 16;

    /// <param name="unackedMs">How long sent bytes may stay without acknowledgement.</param>
    public static int Create(AddressFamily family, int unackedMs)
    {
        var socket = Libc.Socket(
            family == AddressFamily.InterNetworkV6 ? 10 : 2, Libc.Stream | Libc.NonBlocking | Libc.CloseOnExec, 0);
        if (socket < 0)
            throw new IOException($"no socket: error {Libc.LastError}");
        ForSession(socket, unackedMs);
        return socket;
    }

    /// <returns>InProgress: it is ready for writing when that is over. Success at once also occurs.</returns>
    public static SocketError BeginConnect(int socket, IPEndPoint to)
    {
        var address = to.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
        {
            if (Libc.Connect(socket, bytes, address.Size) == 0)
                return SocketError.Success;
        }
        return Libc.LastError == Libc.InProgress ? SocketError.InProgress : Meaning(Libc.LastError);
    }

    /// <returns>-1: nobody waits; else the client's socket.</returns>
    /// <exception cref="SocketException">No open files, or no memory.</exception>
    public static int Accept(int listener, out IPEndPoint? from)
    {
        from = null;
        var bytes = stackalloc byte[AddressBytesMax];
        var size = AddressBytesMax;
        var socket = Libc.Accept(listener, bytes, &size, Libc.NonBlocking | Libc.CloseOnExec);
        if (socket < 0)
        {
            var error = Libc.ErrorNow;
            return error is Libc.Again or Libc.Interrupted or Libc.ConnectionAborted
                ? -1
                : throw new SocketException((int)Meaning(error));
        }
        from = Read(new ReadOnlySpan<byte>(bytes, size));
        return socket;
    }

    /// <summary>Our own end of it; null: it has none any more.</summary>
    public static IPEndPoint? LocalOf(int socket)
    {
        var bytes = stackalloc byte[AddressBytesMax];
        var size = AddressBytesMax;
        return Libc.OwnName(socket, bytes, &size) != 0 ? null : Read(new ReadOnlySpan<byte>(bytes, size));
    }

    // sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).
    static IPEndPoint Read(ReadOnlySpan<byte> address)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return address.Length == Ipv4Bytes
            ? new IPEndPoint(new IPAddress(address.Slice(4, 4)), port)
            : new IPEndPoint(new IPAddress(address.Slice(8, 16), MemoryMarshal.Read<uint>(address[24..])), port);
    }

    /// <summary>What became of a connect.</summary>
    public static SocketError ErrorOf(int socket)
    {
        int error = 0, size = sizeof(int);
        Check.That(Libc.GetOption(socket, SolSocket, SoError, &error, &size) == 0);
        return error == 0 ? SocketError.Success : Meaning(error);
    }

    /// <summary>Of a socket, or of one that listens, for those that it accepts.</summary>
    public static void ForSession(int socket, int unackedMs)
    {
        Set(socket, IpProtoTcp, TcpNoDelay, 1);
        Set(socket, SolSocket, SoKeepAlive, 1);
        Set(socket, IpProtoTcp, TcpKeepIdle, ProxyLimits.KeepAliveSeconds);
        Set(socket, IpProtoTcp, TcpKeepInterval, ProxyLimits.KeepAliveIntervalSeconds);
        Set(socket, IpProtoTcp, TcpKeepCount, ProxyLimits.KeepAliveTries);
        Set(socket, IpProtoTcp, TcpUserTimeout, unackedMs);
    }

    /// <summary>Of a socket that listens: whoever says nothing is not given out at once, but when the kernel has asked
    /// once more, after a second (tcp(7), TCP_DEFER_ACCEPT).</summary>
    public static void DeferAccept(int listener) => Set(listener, IpProtoTcp, TcpDeferAccept, 1);

    /// <summary>Its close is a reset.</summary>
    public static void LingerNot(int socket)
    {
        var linger = stackalloc int[2] { 1, 0 };
        Libc.SetOption(socket, SolSocket, SoLinger, linger, 2 * sizeof(int));
    }

    // A peer that is gone already makes some of them fail: reading tells of it.
    static void Set(int socket, int level, int option, int value) =>
        Libc.SetOption(socket, level, option, &value, sizeof(int));

    static SocketError Meaning(int error) => error switch
    {
        111 => SocketError.ConnectionRefused,
        110 => SocketError.TimedOut,
        113 => SocketError.HostUnreachable,
        101 => SocketError.NetworkUnreachable,
        104 => SocketError.ConnectionReset,
        23 or 24 => SocketError.TooManyOpenSockets,
        12 or 105 => SocketError.NoBufferSpaceAvailable,
        _ => SocketError.SocketError,
    };
}
