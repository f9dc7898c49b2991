namespace Holdfast.Foundation.Processes;

/// <summary>
/// Linux's watchdog device (Documentation/watchdog/watchdog-api.rst): open it is armed, and it resets the host when
/// nobody writes to it within its timeout. Closing it disarms it only after the letter V, so whoever dies with it open
/// leaves it armed. Calls block for as long as its driver does. Not thread-safe.
/// </summary>
public sealed class WatchdogDevice(string path) : IDisposable
{
    FileStream? _device;

    /// <exception cref="IOException">It is not there, or another program has it open.</exception>
    /// <exception cref="UnauthorizedAccessException">It is not ours.</exception>
    public void Open() => _device = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);

    /// <returns>The timeout that the device took, in whole seconds: it may round.</returns>
    /// <exception cref="IOException">It takes no timeout.</exception>
    public int SetTimeout(int seconds)
    {
        var taken = seconds;
        var descriptor = (int)_device!.SafeFileHandle.DangerousGetHandle();
        return Native.IoControl(descriptor, Native.WatchdogSetTimeout, ref taken) == 0
            ? taken
            : throw new IOException($"{path} takes no timeout of {seconds} s:"
                + $" {System.Runtime.InteropServices.Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <exception cref="IOException">The device does not answer.</exception>
    public void Write(byte letter) => _device!.Write([letter]);

    /// <summary>Closes it. Only a V as the last letter disarms it.</summary>
    public void Dispose()
    {
        _device?.Dispose();
        _device = null;
    }
}
