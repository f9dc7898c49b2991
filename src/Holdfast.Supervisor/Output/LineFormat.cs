using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Holdfast.Supervisor.Output;

/// <summary>One line of a program's output as one line of JSON.</summary>
internal static class LineFormat
{
    const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object stays what it is, with <c>program</c> added; anything else becomes
    /// <c>{"time","program","line"}</c>.</summary>
    public static void Write(IBufferWriter<byte> log, ReadOnlySpan<byte> line, string program, DateTimeOffset now)
    {
        if (line.EndsWith("\r"u8))
            line = line[..^1];
        if (!TryWriteObject(log, line, program))
        {
            using var json = new Utf8JsonWriter(log, Options);
            json.WriteStartObject();
            json.WriteString("time", now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
            json.WriteString("program", program);
            json.WriteString("line", Encoding.UTF8.GetString(line)); // What is no UTF-8 becomes U+FFFD.
            json.WriteEndObject();
        }
        log.Write("\n"u8);
    }

    static bool TryWriteObject(IBufferWriter<byte> log, ReadOnlySpan<byte> line, string program)
    {
        if (line.IsEmpty || line[0] != '{')
            return false;
        var reader = new Utf8JsonReader(line);
        JsonDocument? document = null;
        try
        {
            if (!JsonDocument.TryParseValue(ref reader, out document)
                || !line[(int)reader.BytesConsumed..].Trim((byte)' ').IsEmpty)
                return false;
            using var json = new Utf8JsonWriter(log, Options);
            json.WriteStartObject();
            json.WriteString("program", program);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!property.NameEquals("program"))
                    property.WriteTo(json);
            }
            json.WriteEndObject();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        finally
        {
            document?.Dispose();
        }
    }
}
