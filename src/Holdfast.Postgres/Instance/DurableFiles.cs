using System.Runtime.InteropServices;
using System.Text;

namespace Holdfast.Postgres.Instance;

/// <summary>Changes to files that are on disk when the call returns: file and folder are synced. Files belong to
/// <paramref name="owner"/> where one is given.</summary>
sealed class DurableFiles(OsUser? owner)
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Puts the whole text in place at once: readers see the old file or the new one.</summary>
    public void Write(string path, string text)
    {
        var temporary = path + ".tmp";
        File.Delete(temporary);
        Create(temporary, text);
        File.Move(temporary, path, overwrite: true);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    public void CreateEmpty(string path)
    {
        Create(path, "");
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    public static void Delete(string path)
    {
        if (!File.Exists(path))
            return;
        File.Delete(path);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    public static void Move(string from, string to)
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to);
        SyncFolder(Path.GetDirectoryName(to)!);
    }

    /// <summary>The folder, created when missing, for its owner alone.</summary>
    public void CreateFolder(string path)
    {
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, OwnerOnlyFolder);
        File.SetUnixFileMode(path, OwnerOnlyFolder);
        GiveToOwner(path);
    }

    public void GiveToOwner(string path)
    {
        if (owner is not null && Native.ChangeOwner(path, owner.UserId, owner.GroupId) != 0)
            throw Failure("chown", path);
    }

    public static void SyncFolder(string path)
    {
        var descriptor = Native.Open(path, Native.OpenReadOnlyCloseOnExec);
        if (descriptor < 0)
            throw Failure("open", path);
        try
        {
            if (Native.Sync(descriptor) != 0)
                throw Failure("fsync", path);
        }
        finally
        {
            _ = Native.Close(descriptor);
        }
    }

    void Create(string path, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
            BufferSize = 0,
        };
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
        GiveToOwner(path);
        file.Flush(flushToDisk: true);
    }

    static IOException Failure(string call, string path) =>
        new($"{call} of {path} failed: {Marshal.GetLastPInvokeErrorMessage()}");
}
