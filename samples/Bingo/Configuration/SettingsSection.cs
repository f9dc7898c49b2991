using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bingo.Configuration;

/// <summary>
/// A map of the file, asked for its keys one by one; what nobody asked for is a mistake at the <see cref="End"/>.
/// </summary>
sealed class SettingsSection
{
    readonly SettingsProblems _problems;
    readonly string _path;
    readonly YamlMappingNode? _map;
    readonly Mark _place;
    readonly List<string> _known = [];

    /// <param name="problems">Where mistakes go.</param>
    /// <param name="path">Its key with those above it; empty at the top.</param>
    /// <param name="node">Null: the file does not have it.</param>
    /// <param name="place">Where one would look for it.</param>
    public SettingsSection(SettingsProblems problems, string path, YamlNode? node, Mark place)
    {
        (_problems, _path, _map, _place) = (problems, path, node as YamlMappingNode, node?.Start ?? place);
        if (node is not null && _map is null && !IsNothing(node))
            problems.Add(_place, $"{(path.Length == 0 ? "the file" : $"'{path}'")} must be a map of keys");
    }

    public SettingsSection Child(string key) => new(_problems, Path(key), Find(key), _place);

    public string Text(string key, string fallback) => Scalar(key)?.Value ?? fallback;

    public string Required(string key)
    {
        var text = Scalar(key)?.Value;
        if (text is null && !Has(key))
            _problems.Add(_place, $"'{Path(key)}' is missing");
        return text ?? "";
    }

    public string? Optional(string key, Func<string, bool> isRight, string rule)
    {
        if (Scalar(key) is not { Value: { } text } scalar)
            return null;
        if (!isRight(text))
            _problems.Add(scalar.Start, $"'{Path(key)}' {rule}, not '{text}'");
        return text;
    }

    public int Number(string key, int least, int most, int fallback)
    {
        if (Scalar(key) is not { Value: { } text } scalar)
            return fallback;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
            return number;
        _problems.Add(scalar.Start, $"'{Path(key)}' must be a whole number from {least} to {most}, not '{text}'");
        return fallback;
    }

    public bool Truth(string key)
    {
        if (Scalar(key) is not { Value: { } text } scalar)
            return false;
        if (text is not ("true" or "false"))
            _problems.Add(scalar.Start, $"'{Path(key)}' must be true or false, not '{text}'");
        return text is "true";
    }

    public ServerAddress? Address(string key, bool required)
    {
        if (Scalar(key) is not { Value: { } text } scalar)
        {
            if (required && !Has(key))
                _problems.Add(_place, $"'{Path(key)}' is missing");
            return null;
        }
        var colon = text.LastIndexOf(':');
        if (colon > 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= ushort.MaxValue)
            return new ServerAddress(text[..colon].Trim('[', ']'), port);
        _problems.Add(scalar.Start, $"'{Path(key)}' must be a host with a port such as 127.0.0.1:5432, not '{text}'");
        return null;
    }

    /// <summary>The value of one of the two keys, or of the file that the other one names, without its last line
    /// end.</summary>
    public string? Secret(string key, string fileKey)
    {
        var text = Scalar(key)?.Value;
        if (Scalar(fileKey) is not { Value: { } file } scalar)
            return text;
        if (text is not null)
            _problems.Add(scalar.Start, $"'{Path(key)}' and '{Path(fileKey)}' are both there; keep one");
        try
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _problems.Add(scalar.Start, $"'{Path(fileKey)}' cannot be read: {failure.Message}");
            return null;
        }
    }

    public void End()
    {
        foreach (var key in _map?.Children.Keys ?? [])
        {
            var word = (key as YamlScalarNode)?.Value ?? "";
            if (_known.Contains(word, StringComparer.Ordinal))
                continue;
            var place = _path.Length == 0 ? "" : $" in '{_path}'";
            _problems.Add(key.Start, $"unknown key '{word}'{place}; expected one of {string.Join(", ", _known)}"
                + Nearest.Hint(word, _known));
        }
    }

    string Path(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    bool Has(string key) => _map?.Children.ContainsKey(new YamlScalarNode(key)) == true;

    YamlNode? Find(string key)
    {
        _known.Add(key);
        return _map is not null && _map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }

    YamlScalarNode? Scalar(string key)
    {
        var node = Find(key);
        if (node is null)
            return null;
        if (node is YamlScalarNode { Value.Length: > 0 } scalar && !IsNothing(node))
            return scalar;
        _problems.Add(node.Start, $"'{Path(key)}' must have a value");
        return null;
    }

    static bool IsNothing(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "~" or "null" };
}
