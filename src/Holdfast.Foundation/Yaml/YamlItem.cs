using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Holdfast.Foundation.Yaml;

public enum ScalarKind
{
    Null,
    Boolean,
    Integer,
    Number,
    Text,
}

/// <summary>A YAML value with its place. Immutable; a value may stand in several places (anchors).</summary>
public abstract record YamlItem(YamlMark Mark)
{
    /// <summary>The same value as JSON, with the types of YAML 1.1 (on, off, yes, no are booleans).</summary>
    public abstract JsonNode? ToJson();

    /// <summary>What it is, for a sentence: <c>a map</c>, <c>text 'x'</c>.</summary>
    public abstract string Describe();
}

/// <summary>A key with its value. The keys of a map are unique: the reader reports and drops later ones.</summary>
public sealed record YamlEntry(string Key, YamlMark KeyMark, YamlItem Value);

public sealed record YamlMap(YamlMark Mark, ImmutableArray<YamlEntry> Entries) : YamlItem(Mark)
{
    public YamlEntry? Entry(string key) =>
        Entries.FirstOrDefault(entry => string.Equals(entry.Key, key, StringComparison.Ordinal));

    public YamlItem? this[string key] => Entry(key)?.Value;

    public override JsonNode ToJson()
    {
        var json = new JsonObject();
        foreach (var entry in Entries)
            json[entry.Key] = entry.Value.ToJson();
        return json;
    }

    public override string Describe() => "a map";
}

public sealed record YamlList(YamlMark Mark, ImmutableArray<YamlItem> Items) : YamlItem(Mark)
{
    public override JsonNode ToJson()
    {
        var json = new JsonArray();
        foreach (var item in Items)
            json.Add(item.ToJson());
        return json;
    }

    public override string Describe() => "a list";
}

/// <summary><paramref name="Text"/> as written, without quotes; only a plain one can be other than text.</summary>
public sealed record YamlScalar(YamlMark Mark, string Text, bool IsPlain) : YamlItem(Mark)
{
    public ScalarKind Kind => !IsPlain ? ScalarKind.Text : Text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Null,
        _ when TruthOf(Text) is not null => ScalarKind.Boolean,
        _ when IsInteger(Text) => ScalarKind.Integer,
        _ when IsNumber(Text) => ScalarKind.Number,
        _ => ScalarKind.Text,
    };

    /// <summary>The text, or null for YAML's null.</summary>
    public string? TextOrNull => Kind == ScalarKind.Null ? null : Text;

    public override JsonNode? ToJson() => Kind switch
    {
        ScalarKind.Null => null,
        ScalarKind.Boolean => JsonValue.Create(TruthOf(Text) == true),
        ScalarKind.Integer => JsonValue.Create(long.Parse(Text, CultureInfo.InvariantCulture)),
        ScalarKind.Number => JsonValue.Create(double.Parse(Text, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(Text),
    };

    public override string Describe() => Kind switch
    {
        ScalarKind.Null => "nothing",
        ScalarKind.Text => $"text '{Text}'",
        _ => Text,
    };

    /// <summary>By the words of YAML 1.1: true, on, yes; false, off, no. Null for any other text.</summary>
    public static bool? TruthOf(string text) => text switch
    {
        "true" or "True" or "TRUE" or "on" or "On" or "ON" or "yes" or "Yes" or "YES" => true,
        "false" or "False" or "FALSE" or "off" or "Off" or "OFF" or "no" or "No" or "NO" => false,
        _ => null,
    };

    // A leading zero (0600) stays text: YAML 1.1 would read it as octal, and PostgreSQL reads the text so by itself.
    static bool IsInteger(string text)
    {
        var digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9')
            && (digits.Length == 1 || digits[0] != '0')
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    }

    static bool IsNumber(string text) =>
        text.Contains('.', StringComparison.Ordinal)
        && (char.IsAsciiDigit(text[^1]) || text[^1] == '.')
        && double.TryParse(
            text,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out _);
}
