using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;

namespace Bingo.Logging;

/// <summary>
/// The log file: one line of JSON each. Who logs never waits: lines go through a bounded channel to one writer, and
/// what a slow disk has no room for is counted and left out. Safe from every thread.
/// </summary>
sealed class JsonLog : IAsyncDisposable
{
    const int LinesMax = 8192, BytesAtOnceMax = 64 * 1024;
    const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    readonly Channel<LogLine> _lines = Channel.CreateBounded<LogLine>(
        new BoundedChannelOptions(LinesMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    readonly FileStream _file;
    readonly string _instance;
    readonly TimeProvider _clock;
    readonly Task _writing;
    long _dropped;

    JsonLog(FileStream file, string instance, TimeProvider clock)
    {
        (_file, _instance, _clock) = (file, instance, clock);
        _writing = WriteAllAsync();
    }

    /// <summary>Appends to the file; makes it, and its folder, where they are missing.</summary>
    /// <exception cref="IOException">It can't.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not.</exception>
    public static JsonLog Open(string path, string instance, TimeProvider clock)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        });
        return new JsonLog(file, instance, clock);
    }

    public void Write(LogLine line)
    {
        if (!_lines.Writer.TryWrite(line with { Time = _clock.GetUtcNow() }))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Writes what still waits. What is logged later is left out.</summary>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
        await _file.DisposeAsync();
    }

    async Task WriteAllAsync()
    {
        var buffer = new ArrayBufferWriter<byte>(BytesAtOnceMax);
        await using var json = new Utf8JsonWriter(buffer);
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (buffer.WrittenCount < BytesAtOnceMax && _lines.Reader.TryRead(out var line))
                Format(json, buffer, line);
            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
            {
                Format(json, buffer, new LogLine("warning", "log_lines_dropped", $"{dropped} lines were left out")
                {
                    Time = _clock.GetUtcNow(),
                });
            }
            try
            {
                await _file.WriteAsync(buffer.WrittenMemory);
            }
            catch (IOException)
            {
                // A full disk takes the log; it must not take the service.
                Interlocked.Increment(ref _dropped);
            }
            buffer.ResetWrittenCount();
        }
    }

    void Format(Utf8JsonWriter json, ArrayBufferWriter<byte> buffer, LogLine line)
    {
        json.Reset();
        json.WriteStartObject();
        json.WriteString("time", line.Time.ToString(TimeFormat, CultureInfo.InvariantCulture));
        json.WriteString("level", line.Level);
        json.WriteString("event", line.Event);
        json.WriteString("instance", _instance);
        if (line.Message is not null)
            json.WriteString("message", line.Message);
        if (line.RequestId is not null)
            json.WriteString("request_id", line.RequestId);
        if (line.Request is { } request)
        {
            json.WriteString("method", request.Method);
            json.WriteString("path", request.Path);
            json.WriteNumber("status", request.Status);
            json.WriteNumber("ms", Math.Round(request.Took.TotalMilliseconds, 2));
        }
        json.WriteEndObject();
        json.Flush();
        buffer.Write("\n"u8);
    }
}
