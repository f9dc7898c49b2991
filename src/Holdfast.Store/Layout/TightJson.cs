using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Holdfast.Store.Layout;

/// <summary>Writes JSON as Patroni does: no spaces, fields in the order given.</summary>
static class TightJson
{
    // Readers are programs, not web pages: only what JSON itself asks for is escaped.
    static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object whose fields <paramref name="fields"/> writes.</summary>
    public static string Write(Action<Utf8JsonWriter> fields) => WriteValue(json =>
    {
        json.WriteStartObject();
        fields(json);
        json.WriteEndObject();
    });

    public static string WriteValue(Action<Utf8JsonWriter> value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_options))
            value(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
