using System.Runtime.InteropServices;

namespace Holdfast.Foundation.Processes;

/// <summary>Device and inode of what a path leads to, links followed (stat(2)): the same folder, by whatever
/// name.</summary>
public readonly partial record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    const int AtFdCwd = -100;
    const uint StatxIno = 0x100, StatxOwner = 0x8 | 0x10;

    /// <summary>Null when there is nothing, or it can't be looked at.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        // struct statx is 256 bytes on every architecture; stx_ino at 32, stx_dev_major at 136, stx_dev_minor at 140
        // (statx(2)).
        var buffer = stackalloc byte[256];
        return Statx(AtFdCwd, path, 0, StatxIno, buffer) == 0
            ? new FileIdentity(*(uint*)(buffer + 136), *(uint*)(buffer + 140), *(ulong*)(buffer + 32))
            : null;
    }

    /// <summary>Who owns what the path leads to; stx_uid at 20, stx_gid at 24.</summary>
    internal static unsafe (uint User, uint Group)? OwnerOf(string path)
    {
        var buffer = stackalloc byte[256];
        return Statx(AtFdCwd, path, 0, StatxOwner, buffer) == 0
            ? (*(uint*)(buffer + 20), *(uint*)(buffer + 24))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* result);
}
