using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Holdfast.Store.Etcd;

/// <summary>The lines of a watch's stream, one JSON value each.</summary>
sealed class JsonLines(Stream stream, int lineBytesMax)
{
    readonly PipeReader _pipe = PipeReader.Create(stream);

    /// <summary>The next line; null at the end of the stream.</summary>
    /// <exception cref="StoreUnavailableException">The stream broke, or what came is no line of a watch.</exception>
    public async ValueTask<WatchLine?> ReadAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var read = await _pipe.ReadAsync(stop);
                var buffer = read.Buffer;
                if (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = Parse(buffer.Slice(0, end));
                    _pipe.AdvanceTo(buffer.GetPosition(1, end));
                    return line;
                }
                if (buffer.Length > lineBytesMax)
                    throw new StoreUnavailableException($"a line of the watch is longer than {lineBytesMax} bytes");
                _pipe.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    return null;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or JsonException)
        {
            throw new StoreUnavailableException($"the watch broke: {e.Message}", e);
        }
    }

    static WatchLine? Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref reader, EtcdJson.Default.WatchLine);
    }
}
