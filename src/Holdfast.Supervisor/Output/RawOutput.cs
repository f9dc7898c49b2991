using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Supervisor.Output;

/// <summary>
/// The file that a program appends its output to. What has been read is given back to the file system by punching a
/// hole (fallocate(2)): unlike cutting the file, that can lose nothing which the program writes meanwhile.
/// </summary>
internal sealed partial class RawOutput : IDisposable
{
    const int PunchHole = 2, KeepSize = 1;

    /// <summary>Given back in pieces of this size.</summary>
    const long ReleaseBytes = 256 * 1024;

    readonly string _positionFile;
    readonly SafeFileHandle _file;
    long _position, _released;

    public RawOutput(string path)
    {
        _positionFile = path + ".at";
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        _position = Math.Min(ReadPosition(), RandomAccess.GetLength(_file));
        _released = _position;
    }

    /// <summary>What came since the last call; 0: nothing. Does not move on: see <see cref="Done"/>.</summary>
    public int Read(Span<byte> into) => RandomAccess.Read(_file, into, _position);

    /// <summary>These bytes are in the log; never read them again, also not after a restart.</summary>
    public void Done(int bytes)
    {
        _position += bytes;
        File.WriteAllText(_positionFile, _position.ToString(CultureInfo.InvariantCulture));
        if (_position - _released < ReleaseBytes)
            return;
        // Where the file system can't, the file grows.
        if (Allocate(_file, PunchHole | KeepSize, 0, _position) == 0)
            _released = _position;
    }

    public void Dispose() => _file.Dispose();

    long ReadPosition()
    {
        var text = File.Exists(_positionFile) ? File.ReadAllText(_positionFile) : "";
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : 0;
    }

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
