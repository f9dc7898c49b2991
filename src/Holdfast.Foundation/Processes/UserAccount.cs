using System.Runtime.InteropServices;

namespace Holdfast.Foundation.Processes;

/// <summary>A user of this system, as the name service knows it (getpwnam(3)).</summary>
public sealed record UserAccount(string Name, uint User, uint Group, string Home)
{
    static readonly Lock Gate = new();

    /// <summary>Null when there is no such user.</summary>
    public static unsafe UserAccount? Find(string name)
    {
        lock (Gate)
        {
            // struct passwd of 64-bit Linux: name 0, password 8, uid 16, gid 20, gecos 24, home 32.
            var entry = Native.PasswordEntry(name);
            return entry is null
                ? null
                : new UserAccount(
                    name,
                    *(uint*)(entry + 16),
                    *(uint*)(entry + 20),
                    Marshal.PtrToStringUTF8(*(nint*)(entry + 32)) ?? "/");
        }
    }

    /// <summary>Makes this user the owner of a file or folder; false where that is not permitted.</summary>
    public bool TryOwn(string path) => Native.ChangeOwner(path, User, Group) == 0;
}
