using System.Runtime.InteropServices;

namespace Holdfast.Foundation.Processes;

/// <summary>The few system calls that .NET does not offer. Linux, x64 and arm64.</summary>
static partial class Native
{
    public const int ClockBoottime = 7, ClockRealtime = 0;
    public const int PrSetChildSubreaper = 36;
    public const short PollIn = 1;
    public const int WaitNoHang = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Answered;
    }

    // No call of the kernel, where it shares its clock (vdso(7)): not worth a stop of the collector's.
    [LibraryImport("libc", EntryPoint = "clock_gettime"), SuppressGCTransition]
    public static partial int ClockGetTime(int clock, out TimeSpec time);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static unsafe partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int pid, out int status, int options);

    /// <summary>434 is pidfd_open on every architecture (Linux 5.3 and newer).</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long SystemCall(long number, long a, long b);

    public const long PidfdOpen = 434;

    /// <summary>WDIOC_SETTIMEOUT, _IOWR('W', 6, int); answers with the timeout that was taken.</summary>
    public const nuint WatchdogSetTimeout = 0xC0045706;

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, ref int value);

    public const int TimerNonBlocking = 0x800, TimerCloseOnExec = 0x80000, TimerAbsolute = 1;
    public const int WaitAll = 0, WaitExited = 4, WaitKeep = 0x01000000;

    [StructLayout(LayoutKind.Sequential)]
    public struct TimerSpec
    {
        public TimeSpec Interval;
        public TimeSpec Value;
    }

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    public static partial int TimerCreate(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    public static unsafe partial int TimerSet(int descriptor, int flags, TimerSpec* value, TimerSpec* former);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static unsafe partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static unsafe partial int WaitId(int kind, int id, byte* info, int options);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ChangeOwner(string path, uint user, uint group);

    /// <summary>The result lives in a buffer of libc's until the next call.</summary>
    [LibraryImport("libc", EntryPoint = "getpwnam", StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial byte* PasswordEntry(string name);

    public const int OpenCloseOnExec = 0x80000; // O_RDONLY is 0, and opens folders as well.

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(int descriptor);

    /// <summary>Kind 0 and id 0: the calling thread.</summary>
    [LibraryImport("libc", EntryPoint = "getpriority")]
    public static partial int GetPriority(int kind, int id);

    /// <summary>Kind 0 and id 0: the calling thread alone, on Linux.</summary>
    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int kind, int id, int priority);
}
