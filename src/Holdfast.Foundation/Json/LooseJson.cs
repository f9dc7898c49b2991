using System.Globalization;
using System.Text.Json;

namespace Holdfast.Foundation.Json;

/// <summary>Reads what other programs and versions wrote: what is missing, null or of another type is absent.</summary>
public static class LooseJson
{
    /// <summary>The object in <paramref name="text"/>; null when it is none.</summary>
    public static JsonElement? Object(string? text) =>
        Parse(text) is { ValueKind: JsonValueKind.Object } element ? element : null;

    public static JsonElement? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static JsonElement? Get(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(name, out var value)
        && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? value
            : null;

    public static string? Text(this JsonElement parent, string name) =>
        parent.Get(name) is { } value ? String(value) : null;

    public static string? String(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // Half a surrogate pair: JSON allows it, text can't hold it.
        }
    }

    /// <summary>A whole number, also when it was written as text or with a fraction of zero.</summary>
    public static long? Number(this JsonElement parent, string name) => parent.Get(name) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var number) => number,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number)
            && Math.Abs(number) < long.MaxValue => (long)number,
        { ValueKind: JsonValueKind.String } value
            when long.TryParse(String(value), CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    /// <summary>A position in the log; absent when negative.</summary>
    public static ulong? Position(this JsonElement parent, string name) =>
        parent.Number(name) is { } number and >= 0 ? (ulong)number : null;

    /// <summary>Patroni's booleans: on/off, true/false, yes/no, 1/0, in any case.</summary>
    public static bool? Boolean(this JsonElement parent, string name) =>
        parent.Get(name) is { } value ? Boolean(value) : null;

    public static bool? Boolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => String(value)?.ToLowerInvariant() switch
        {
            "on" or "true" or "yes" or "1" => true,
            "off" or "false" or "no" or "0" => false,
            _ => null,
        },
        JsonValueKind.Number => value.GetRawText() switch { "1" => true, "0" => false, _ => null },
        _ => null,
    };
}
