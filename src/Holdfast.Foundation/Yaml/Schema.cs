using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Holdfast.Foundation.Yaml;

/// <summary>
/// The table of keys of a file, read from a JSON Schema document. Only the words below are understood, and any other
/// is refused, so that nothing in a published schema goes unchecked. Two words are our own: <c>x-unit</c> (duration,
/// bytes) and <c>x-expected</c> (what a pattern means, for a person). A property whose schema is <c>false</c> is one
/// that this version does not support yet.
/// </summary>
public sealed class Schema
{
    static readonly ImmutableArray<string> Annotations = ["$schema", "$id", "$defs", "title", "description", "default"];

    static readonly Schema Any = new() { IsAny = true };

    /// <summary>How long a pattern may take, whatever the text.</summary>
    static readonly TimeSpan PatternLimit = TimeSpan.FromSeconds(30);

    string? _patternText;
    Regex? _pattern;

    /// <summary>True for <c>false</c>: nothing is valid here.</summary>
    internal bool IsNever { get; private init; }
    internal ImmutableArray<string> Types { get; private set; } = [];
    internal ImmutableArray<KeyValuePair<string, Schema>> Properties { get; private set; } = [];
    internal ImmutableArray<string> Required { get; private set; } = [];

    /// <summary>Of keys that <see cref="Properties"/> does not name; null: such keys are unknown.</summary>
    internal Schema? Additional { get; private set; } = Any;
    internal bool IsAny { get; private init; }

    /// <summary>Exactly one of these keys must be there (oneOf of required).</summary>
    internal ImmutableArray<string> ExactlyOne { get; private set; } = [];
    internal Schema? KeyNames { get; private set; }
    internal int KeysMin { get; private set; }
    internal int KeysMax { get; private set; } = int.MaxValue;
    internal Schema? Items { get; private set; }
    internal int ItemsMin { get; private set; }
    internal bool UniqueItems { get; private set; }
    internal ImmutableArray<string> Words { get; private set; } = [];

    /// <summary>Made when it is first needed: most of a schema is not met by one file, and a command must start at
    /// once. Interpreted, since it is used once or twice.</summary>
    internal Regex? Pattern => _patternText is null ? null
        : _pattern ??= new Regex(_patternText, RegexOptions.ExplicitCapture, PatternLimit);
    internal string? Expected { get; private set; }
    internal double? Minimum { get; private set; }
    internal double? Maximum { get; private set; }
    internal Unit? Unit { get; private set; }

    internal Schema? Property(string key) =>
        Properties.FirstOrDefault(property => string.Equals(property.Key, key, StringComparison.Ordinal)).Value;

    /// <exception cref="FormatException">The document uses a word outside the subset.</exception>
    public static Schema Parse(string json) =>
        JsonNode.Parse(json) is JsonObject root ? Of(root, root) : throw new FormatException("a schema is an object");

    /// <summary>The text of a document that is embedded in <paramref name="assembly"/>.</summary>
    public static string TextOf(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"no embedded document '{name}' in {assembly.GetName().Name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    static Schema Of(JsonNode? node, JsonObject root)
    {
        if (node is JsonValue truth)
            return truth.GetValue<bool>() ? Any : new Schema { IsNever = true };
        var json = node!.AsObject();
        if (json["$ref"] is { } reference)
            return Of(Target(reference.GetValue<string>(), root), root);
        var schema = new Schema();
        foreach (var (word, value) in json)
        {
            if (!Annotations.Contains(word, StringComparer.Ordinal))
                schema.Take(word, value!, root);
        }
        return schema;
    }

    static JsonNode Target(string reference, JsonObject root)
    {
        const string prefix = "#/$defs/";
        return reference.StartsWith(prefix, StringComparison.Ordinal)
            ? root["$defs"]?[reference[prefix.Length..]] ?? throw new FormatException($"no {reference}")
            : throw new FormatException($"'{reference}' does not begin with {prefix}");
    }

    void Take(string word, JsonNode value, JsonObject root)
    {
        switch (word)
        {
            case "type": Types = value is JsonArray types ? Texts(types) : [value.GetValue<string>()]; break;
            case "enum": Words = Texts(value.AsArray()); break;
            case "pattern":
                _patternText = value.GetValue<string>();
                break;
            case "minimum": Minimum = value.GetValue<double>(); break;
            case "maximum": Maximum = value.GetValue<double>(); break;
            case "x-unit": Unit = Unit.Of(value.GetValue<string>()); break;
            case "x-expected": Expected = value.GetValue<string>(); break;
            default: TakeShape(word, value, root); break;
        }
    }

    void TakeShape(string word, JsonNode value, JsonObject root)
    {
        switch (word)
        {
            case "properties":
                Properties = [.. value.AsObject().Select(pair => KeyValuePair.Create(pair.Key, Of(pair.Value, root)))];
                break;
            case "required": Required = Texts(value.AsArray()); break;
            case "additionalProperties":
                Additional = Of(value, root) is { IsNever: false } schema ? schema : null;
                break;
            case "propertyNames": KeyNames = Of(value, root); break;
            case "minProperties": KeysMin = value.GetValue<int>(); break;
            case "maxProperties": KeysMax = value.GetValue<int>(); break;
            case "oneOf":
                ExactlyOne = [.. value.AsArray().Select(branch => Texts(branch!["required"]!.AsArray())[0])];
                break;
            case "items": Items = Of(value, root); break;
            case "minItems": ItemsMin = value.GetValue<int>(); break;
            case "uniqueItems": UniqueItems = value.GetValue<bool>(); break;
            default: throw new FormatException($"a schema may not use '{word}' here: nothing would check it");
        }
    }

    static ImmutableArray<string> Texts(JsonArray array) => [.. array.Select(item => item!.ToString())];
}
