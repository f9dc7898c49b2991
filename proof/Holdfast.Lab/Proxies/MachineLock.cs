namespace Holdfast.Lab.Proxies;

/// <summary>Held while something is measured, so that several measurements on one machine have it in turns
/// (flock(2), as flock(1) takes it).</summary>
sealed class MachineLock : IDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    readonly FileStream? _file;

    MachineLock(FileStream? file) => _file = file;

    /// <param name="path">Made when missing; null: nobody else measures.</param>
    /// <param name="stop">Ends the wait.</param>
    public static async Task<MachineLock> TakeAsync(string? path, CancellationToken stop)
    {
        while (path is not null)
        {
            try
            {
                return new MachineLock(new FileStream(
                    path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (File.Exists(path))
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
        return new MachineLock(null);
    }

    public void Dispose() => _file?.Dispose();
}
