using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Holdfast.Edge.Forwarding;

/// <summary>
/// The access log: a request leaves its line and goes on. A thread of its own writes the lines, since the reader of
/// standard output may stop reading; lines that don't fit then are dropped and counted.
/// </summary>
internal sealed class AccessLog : IDisposable
{
    /// <summary>Ids 7100 to 7199 belong to the access log; an id is never reused.</summary>
    static readonly EventId s_event = new(7100, "Served");

    readonly Channel<AccessLine> _lines = Channel.CreateBounded<AccessLine>(
        new BoundedChannelOptions(EdgeLimits.AccessLinesMax) { SingleReader = true });

    readonly ILogger _log;
    readonly EdgeMetrics _metrics;
    readonly Thread _writer;

    /// <param name="log">May block its caller.</param>
    /// <param name="metrics">Where dropped lines are counted.</param>
    public AccessLog(ILogger log, EdgeMetrics metrics)
    {
        (_log, _metrics) = (log, metrics);
        _writer = new Thread(Write) { IsBackground = true, Name = "access log" };
        _writer.Start();
    }

    /// <summary>Never waits. Safe from any thread.</summary>
    public void Add(AccessLine line)
    {
        if (!_lines.Writer.TryWrite(line))
            _metrics.LineDropped();
    }

    /// <summary>Writes what waits, within a limit.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _writer.Join(EdgeLimits.AccessLogEnd);
    }

    void Write()
    {
        var reader = _lines.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out var line))
                _log.Log(LogLevel.Information, s_event, line, exception: null, static (line, _) => line.ToString());
        }
    }
}
