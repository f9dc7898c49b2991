using System.Runtime.InteropServices;

namespace Holdfast.Lab.Machine;

/// <summary>The system calls that a lab needs and .NET does not offer. Linux only.</summary>
static partial class Native
{
    public const ulong MountReadOnly = 1, MountRemount = 32, MountBind = 4096, MountNoSuid = 2, MountNoDev = 4;
    public const ulong MountRecursive = 16384;
    public const int UnmountDetach = 2;
    public const int CloneNewNet = 0x40000000;
    public const int Internet = 2, Stream = 1, CloseOnExec = 0x80000;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string? type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetHostName(string name, nuint length);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    public static partial int SetNamespace(int descriptor, int kind);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int family, int type, int protocol);
}
