namespace Holdfast.Supervisor.Output;

/// <summary>An append-only log with a bounded size: NAME.jsonl, then NAME.jsonl.1 (newer) to NAME.jsonl.3
/// (older).</summary>
internal sealed class LogFile(string path, long bytesMax = LogFile.BytesMax) : IDisposable
{
    public const long BytesMax = 16 * 1024 * 1024;
    public const int FormerMax = 3;

    FileStream? _file;

    public void Append(ReadOnlySpan<byte> lines)
    {
        _file ??= Open();
        if (_file.Length > 0 && _file.Length + lines.Length > bytesMax)
            Rotate();
        _file.Write(lines);
        _file.Flush();
    }

    public void Dispose() => _file?.Dispose();

    FileStream Open() =>
        new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    void Rotate()
    {
        _file?.Dispose();
        _file = null;
        for (var former = FormerMax; former > 0; former--)
        {
            var from = former == 1 ? path : $"{path}.{former - 1}";
            if (File.Exists(from))
                File.Move(from, $"{path}.{former}", overwrite: true);
        }
        _file = Open();
    }
}
