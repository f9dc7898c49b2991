using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Output;

/// <summary>Copies a program's raw output into its log, line by line. The program never waits for it, nor dies of
/// it.</summary>
internal sealed class OutputTail(string program, string raw, string logFile, TimeProvider clock, ILogger log)
    : IDisposable
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.5);

    /// <summary>A longer line is cut into lines of this size.</summary>
    public const int LineBytesMax = 64 * 1024;

    readonly RawOutput _raw = new(raw);
    readonly LogFile _log = new(logFile);
    readonly byte[] _buffer = new byte[LineBytesMax];
    readonly ArrayBufferWriter<byte> _lines = new(4096);
    bool _losing;

    public void Dispose()
    {
        _raw.Dispose();
        _log.Dispose();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                CopyWhatCame();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The programs have stopped before this was told to.
        }
        CopyWhatCame(andTheRest: true);
    }

    internal void CopyWhatCame(bool andTheRest = false)
    {
        try
        {
            while (CopyOnce(andTheRest))
            {
                // As long as there is more.
            }
            _losing = false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A full disk: it is tried again; the raw file keeps what could not be copied.
            if (!_losing)
                log.OutputLost(program, failure.Message);
            _losing = true;
        }
    }

    bool CopyOnce(bool andTheRest)
    {
        var read = _raw.Read(_buffer);
        var bytes = _buffer.AsSpan(0, read);
        var whole = bytes.LastIndexOf((byte)'\n') + 1;
        if (whole == 0 && (read == _buffer.Length || (andTheRest && read > 0)))
            whole = read;
        if (whole == 0)
            return false;
        _lines.ResetWrittenCount();
        var now = clock.GetUtcNow();
        var rest = bytes[..whole];
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            LineFormat.Write(_lines, end < 0 ? rest : rest[..end], program, now);
            rest = end < 0 ? [] : rest[(end + 1)..];
        }
        _log.Append(_lines.WrittenSpan);
        _raw.Done(whole);
        return true;
    }
}
