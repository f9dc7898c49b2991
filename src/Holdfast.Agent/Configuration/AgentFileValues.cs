using System.Globalization;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Agent.Configuration;

/// <summary>A text of the file or of the environment, with its place for problems.</summary>
internal readonly record struct FileText(string Text, YamlMark Mark);

/// <summary>The values of an agent's file by path; a variable of the environment goes before the file's
/// value.</summary>
internal sealed class AgentFileValues(string fileName, YamlMap root, Func<string, string?> readVariable)
{
    public List<FileProblem> Problems { get; } = [];
    public List<FileProblem> Warnings { get; } = [];

    public YamlItem? Item(string path)
    {
        YamlItem? item = root;
        foreach (var key in path.Split('.'))
            item = (item as YamlMap)?[key];
        return item;
    }

    public FileText? Text(string path, string? variable = null) =>
        variable is not null && readVariable(variable) is { Length: > 0 } given ? new FileText(given, YamlMark.None)
        : Item(path) is YamlScalar { TextOrNull: { Length: > 0 } text } scalar ? new FileText(text, scalar.Mark)
        : null;

    public string? Variable(string name) => readVariable(name);

    /// <summary>The value, or a problem and "".</summary>
    public string Needed(string path, string? variable = null)
    {
        if (Text(path, variable) is { } value)
            return value.Text;
        Wrong(YamlMark.None, $"missing key '{path}'{(variable is null ? "" : $", and no variable {variable}")}");
        return "";
    }

    /// <summary><c>host:port</c>, where the host may be a list or a wildcard; null and a problem for anything
    /// else.</summary>
    public HostPort? HostPort(FileText value, string subject, int? missingPort = null)
    {
        var colon = value.Text.LastIndexOf(':');
        var (host, port) = colon < 0 ? (value.Text, "") : (value.Text[..colon], value.Text[(colon + 1)..]);
        if (colon < 0 && missingPort is { } usual)
            return new HostPort(host.Trim(), usual);
        var isNumber = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        if (isNumber && number > 0 && host.Trim().Length > 0 && !host.Contains('/', StringComparison.Ordinal))
            return new HostPort(host.Trim(), number);
        Wrong(value.Mark, $"'{subject}' must be host:port such as 127.0.0.1:5432, not '{value.Text}'");
        return null;
    }

    /// <summary>A tag may be a boolean, or its word as text.</summary>
    public bool Truth(string path) =>
        Text(path) is { } value && (YamlScalar.TruthOf(value.Text) ?? value.Text is "1");

    public void Wrong(YamlMark mark, string message) => Problems.Add(new FileProblem(fileName, mark, message));
    public void Warn(YamlMark mark, string message) => Warnings.Add(new FileProblem(fileName, mark, message));
}
