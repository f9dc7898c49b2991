using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Watchdog;

/// <summary>A watchdog as the lease's thread uses it: blocking, from one thread. Any failure is an IOException or an
/// UnauthorizedAccessException.</summary>
internal interface IWatchdog
{
    /// <summary>Whether it can probably be opened, without opening it.</summary>
    bool IsThere { get; }

    /// <summary>Arms it.</summary>
    void Open();

    /// <returns>The timeout that it took, in seconds.</returns>
    int SetTimeout(int seconds);

    void Ping();

    /// <summary>Disarms it by the magic close.</summary>
    void Disarm();
}

/// <summary>The kernel's device.</summary>
internal sealed class KernelWatchdog(string path) : IWatchdog
{
    readonly WatchdogDevice _device = new(path);

    public bool IsThere => File.Exists(path);
    public void Open() => _device.Open();
    public int SetTimeout(int seconds) => _device.SetTimeout(seconds);
    public void Ping() => _device.Write((byte)'1');

    public void Disarm()
    {
        try
        {
            _device.Write((byte)'V');
        }
        finally
        {
            _device.Dispose();
        }
    }
}

/// <summary>A file or named pipe that keeps what would have happened, as Patroni's driver of that name writes
/// it.</summary>
internal sealed class RecordingWatchdog(string path) : IWatchdog
{
    FileStream? _file;

    public bool IsThere => File.Exists(path);

    public void Open()
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        if (_file.CanSeek)
            _file.Seek(0, SeekOrigin.End);
    }

    public int SetTimeout(int seconds)
    {
        _file!.Write(System.Text.Encoding.ASCII.GetBytes($"Ctimeout={seconds}\n"));
        return seconds;
    }

    public void Ping() => _file!.Write("1"u8);

    public void Disarm()
    {
        try
        {
            _file!.Write("V"u8);
        }
        finally
        {
            _file!.Dispose();
        }
    }
}
