using System.Net.Sockets;
using System.Runtime.InteropServices;
using Holdfast.Foundation;

namespace Holdfast.PgProxy.Loops;

/// <summary>Sends open files to another process (unix(7), SCM_RIGHTS; cmsg(3)). Both have the same file then, with one
/// queue of connections where it listens. Linux, 64 bits.</summary>
internal static unsafe partial class DescriptorPassing
{
    /// <summary>In one message.</summary>
    public const int DescriptorsMax = 8;

    const int SolSocket = 1, Rights = 1, CloseOnExec = 0x4000_0000, SetFlags = 2, HeaderBytes = 16;

    /// <summary>struct cmsghdr, then the descriptors, to a multiple of eight bytes.</summary>
    const int ControlBytesMax = HeaderBytes + (DescriptorsMax * sizeof(int));

    /// <param name="socket">Connected; of the family unix.</param>
    /// <param name="text">At least a byte: descriptors go along with bytes.</param>
    /// <param name="descriptors">One and more.</param>
    /// <exception cref="SocketException">They could not be sent.</exception>
    public static void Send(Socket socket, ReadOnlySpan<byte> text, ReadOnlySpan<int> descriptors)
    {
        Check.That(descriptors.Length is > 0 and <= DescriptorsMax);
        var control = stackalloc byte[ControlBytesMax];
        *(nint*)control = HeaderBytes + (descriptors.Length * sizeof(int));
        *(int*)(control + sizeof(nint)) = SolSocket;
        *(int*)(control + sizeof(nint) + sizeof(int)) = Rights;
        descriptors.CopyTo(new Span<int>(control + HeaderBytes, descriptors.Length));
        fixed (byte* bytes = text)
        {
            var vector = new Vector { Base = bytes, Length = text.Length };
            var message = new Message
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = HeaderBytes + (((descriptors.Length * sizeof(int)) + 7) & ~7),
            };
            if (SendMessage((int)socket.SafeHandle.DangerousGetHandle(), &message, Libc.NoSignal) != text.Length)
                throw new SocketException(Libc.LastError);
        }
    }

    /// <param name="socket">Connected; of the family unix; there is something to read.</param>
    /// <param name="text">Room for all of the text.</param>
    /// <param name="bytes">How much of it there is; 0: the peer has closed.</param>
    /// <returns>The descriptors, ours from now on.</returns>
    /// <exception cref="SocketException">Nothing could be read.</exception>
    public static int[] Receive(Socket socket, Span<byte> text, out int bytes)
    {
        var control = stackalloc byte[ControlBytesMax];
        fixed (byte* first = text)
        {
            var vector = new Vector { Base = first, Length = text.Length };
            var message = new Message
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlBytesMax,
            };
            bytes = (int)ReceiveMessage((int)socket.SafeHandle.DangerousGetHandle(), &message, CloseOnExec);
            if (bytes < 0)
                throw new SocketException(Libc.LastError);
            if (message.ControlLength < HeaderBytes || *(int*)(control + sizeof(nint)) != SolSocket
                || *(int*)(control + sizeof(nint) + sizeof(int)) != Rights)
                return [];
            var count = (int)(*(nint*)control - HeaderBytes) / sizeof(int);
            return new ReadOnlySpan<int>(control + HeaderBytes, count).ToArray();
        }
    }

    /// <summary>Another process has it too: .NET shuts a socket down as it closes it, unless children may have
    /// it.</summary>
    public static void IsShared(Socket socket) =>
        _ = SetDescriptorFlags((int)socket.SafeHandle.DangerousGetHandle(), SetFlags, 0);

    // struct iovec, struct msghdr (sendmsg(2)).
    [StructLayout(LayoutKind.Sequential)]
    struct Vector
    {
        public byte* Base;
        public nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Message
    {
        public void* Name;
        public int NameLength;
        public Vector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(int socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int SetDescriptorFlags(int descriptor, int command, int flags);
}
