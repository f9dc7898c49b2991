using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Holdfast.Foundation.Yaml;

/// <summary>Writes a tree so that <see cref="YamlReader"/>, and any other reader, finds the same values and types
/// again.</summary>
public static class YamlText
{
    public static string Of(JsonNode root)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(Node(root))).Save(text, assignAnchors: false);
        return text.ToString();
    }

    static YamlNode Node(JsonNode? json) => json switch
    {
        JsonObject map => Map(map),
        JsonArray list => new YamlSequenceNode(list.Select(Node)),
        JsonValue value when value.GetValueKind() is JsonValueKind.String => Quoted(value.GetValue<string>()),
        null => new YamlScalarNode("null") { Style = ScalarStyle.Plain },
        _ => new YamlScalarNode(json.ToJsonString()) { Style = ScalarStyle.Plain },
    };

    static YamlMappingNode Map(JsonObject json)
    {
        var map = new YamlMappingNode();
        foreach (var (key, value) in json)
            map.Add(new YamlScalarNode(key), Node(value));
        return map;
    }

    // Without quotes a text such as on, 5 or 1e3 would come back as something else.
    static YamlScalarNode Quoted(string text) => new(text) { Style = ScalarStyle.DoubleQuoted };
}
