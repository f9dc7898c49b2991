namespace Holdfast.Foundation.Processes;

/// <summary>A file's name is on disk only once its folder was synced (fsync(2)).</summary>
public static class DirectorySync
{
    public static bool Try(string folder)
    {
        var descriptor = Native.Open(folder, Native.OpenCloseOnExec);
        if (descriptor < 0)
            return false;
        var synced = Native.Sync(descriptor) == 0;
        _ = Native.Close(descriptor);
        return synced;
    }
}
