using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// All that is passed is blittable: calls are compiled ahead, without stubs of the runtime.
[assembly: DisableRuntimeMarshalling]

namespace Holdfast.PgProxy.Loops;

/// <summary>Sockets and epoll as the kernel has them (epoll(7), socket(7), tcp(7); Linux).</summary>
internal static unsafe partial class Libc
{
    public const int EpollAdd = 1, EpollDelete = 2, EpollModify = 3, CloseOnExec = 0x80000, NonBlocking = 0x800;
    public const uint In = 0x1, Out = 0x4, Error = 0x8, HangUp = 0x10, PeerClosed = 0x2000;
    public const uint EdgeTriggered = 1u << 31;
    public const int Again = 11, Interrupted = 4, InProgress = 115, ConnectionAborted = 103;
    public const int NoSignal = 0x4000, Local = 1, Stream = 1, Datagrams = 2, ShutWrite = 1;

    /// <summary>struct epoll_event is packed on x86-64 alone; its data begins after events and the padding.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    public static readonly int EventDataAt = EventBytes - sizeof(ulong);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    /// <inheritdoc cref="Receive"/>
    [LibraryImport("libc", EntryPoint = "epoll_ctl"), SuppressGCTransition]
    public static partial int EpollControl(int epoll, int operation, int socket, byte* change);

    /// <summary>Says nothing of the error: there is none but the interrupt.</summary>
    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    public static partial int EpollWait(int epoll, byte* events, int count, int timeoutMs);

    /// <summary>Of CLOCK_BOOTTIME (timerfd_create(2)).</summary>
    public static int BootTimer(int flags) => TimerFd(7, flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int TimerFd(int clock, int flags);

    /// <param name="times">struct itimerspec: seconds and nanoseconds of the interval, then those until the first
    /// time.</param>
    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    public static partial int SetTimer(int timer, int flags, long* times, long* former);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* into, nint bytes);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* from, nint bytes);

    // recvfrom and sendto (asm/unistd_64.h of x86-64; asm-generic/unistd.h of all that came later).
    static readonly (nint Receive, nint Send) s_calls =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? (45, 44) : (207, 206);

    /// <summary>From a socket that does not block; the error is <see cref="ErrorNow"/>.</summary>
    public static nint Receive(int socket, byte* into, nint bytes) =>
        Call(s_calls.Receive, socket, into, bytes, 0, 0, 0);

    /// <inheritdoc cref="Receive"/>
    public static nint Send(int socket, byte* from, nint bytes, int flags) =>
        Call(s_calls.Send, socket, from, bytes, flags, 0, 0);

    // Takes about as long as managed code of its length, so that a collection may as well wait for it. Libc's own recv
    // and send are points of cancellation (pthreads(7)), which in a program with threads makes them longer than this.
    [LibraryImport("libc", EntryPoint = "syscall"), SuppressGCTransition]
    private static partial nint Call(
        nint number, nint socket, byte* bytes, nint count, nint flags, nint address, nint addressBytes);

    // io_setup, io_destroy and io_submit: libc has none of them.
    static readonly (nint Setup, nint Destroy, nint Submit) s_aio =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? (206, 207, 209) : (0, 1, 2);

    public static nint AioSetup(int count, nint* context) => CallBy(s_aio.Setup, count, (nint)context, 0);

    public static nint AioDestroy(nint context) => CallBy(s_aio.Destroy, context, 0, 0);

    /// <returns>How many were taken, the first ones; below 1: none.</returns>
    public static nint AioSubmit(nint context, int count, byte** pieces) =>
        CallBy(s_aio.Submit, context, count, (nint)pieces);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint CallBy(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int family, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    public static partial int Connect(int socket, byte* address, int addressBytes);

    /// <inheritdoc cref="Receive"/>
    [LibraryImport("libc", EntryPoint = "accept4"), SuppressGCTransition]
    public static partial int Accept(int listener, byte* address, int* addressBytes, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int OwnName(int socket, byte* address, int* addressBytes);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int socket, int level, int option, int* value, int* valueBytes);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int socket, int level, int option, void* value, int valueBytes);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int socket, int how);

    /// <inheritdoc cref="Receive"/>
    [LibraryImport("libc", EntryPoint = "close"), SuppressGCTransition]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetLimit(int resource, ulong* limits);

    /// <summary>The error of the call before.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The same after a call that does not keep it: to be asked at once.</summary>
    public static int ErrorNow => Marshal.GetLastSystemError();
}
