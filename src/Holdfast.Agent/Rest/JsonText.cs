using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Holdfast.Agent.Rest;

/// <summary>JSON as the API writes it: no spaces, and only what JSON itself demands is escaped, so that a text that
/// somebody searches for (a time with its <c>+00</c>) stands in it as it is.</summary>
static class JsonText
{
    public static JsonSerializerOptions Options { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = Options.Encoder }))
            write(json, value);
        return buffer.WrittenMemory;
    }
}
