using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Holdfast.Store.Layout;

/// <summary>Replaces a small file so that after any crash either the old or the new text stands (rename(2),
/// fsync(2)).</summary>
static partial class DurableFile
{
    const int OpenCloseOnExec = 0x80000; // O_RDONLY is 0.

    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    // Without it the rename itself may be forgotten; .NET opens no directories.
    static void FlushDirectory(string folder)
    {
        var descriptor = Open(folder, OpenCloseOnExec);
        if (descriptor < 0)
            throw new IOException($"can't open {folder}", new Win32Exception());
        var result = Fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0)
            throw new IOException($"can't flush {folder}", new Win32Exception(error));
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
