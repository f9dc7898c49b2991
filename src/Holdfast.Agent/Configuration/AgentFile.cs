using System.Collections.Immutable;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Agent.Configuration;

/// <summary>An agent's file as read. <paramref name="Settings"/> is null as soon as there is one problem; warnings name
/// keys that were not used.</summary>
public sealed record AgentFileReading(
    AgentSettings? Settings, ImmutableArray<FileProblem> Problems, ImmutableArray<FileProblem> Warnings);

/// <summary>
/// Reads a Patroni YAML, or one that <see cref="AgentFileWriter"/> wrote. Patroni's variables of the environment go
/// before the file. Tolerant where Patroni is: an unknown key is a warning; strict about values.
/// </summary>
public static class AgentFile
{
    /// <param name="fileName">Only for the problems.</param>
    /// <param name="text">The whole text of the file.</param>
    /// <param name="readVariable">A variable of the environment (PATRONI_NAME, PATH, ...), null when it is not
    /// set.</param>
    public static AgentFileReading Read(string fileName, string text, Func<string, string?> readVariable) =>
        Read(fileName, text, readVariable, () => PostgresPrograms.Find(readVariable("PATH")));

    internal static AgentFileReading Read(
        string fileName, string text, Func<string, string?> readVariable, Func<string?> findPrograms)
    {
        var reading = YamlReader.Read(fileName, text);
        if (reading.Root is not YamlMap root)
        {
            var place = reading.Root?.Mark ?? YamlMark.None;
            var nothing = new FileProblem(fileName, place, "no map of settings; expected a Patroni YAML");
            return new AgentFileReading(null, reading.Problems.IsEmpty ? [nothing] : reading.Problems, []);
        }
        var schema = Schema.Parse(Schema.TextOf(typeof(AgentFile).Assembly, "agent.schema.json"));
        var misfits = SchemaCheck.Problems(fileName, root, schema)
            .ToLookup(problem => problem.Kind is FileProblemKind.Wrong);
        var binder = new AgentFileBinder(new AgentFileValues(fileName, root, readVariable), findPrograms);
        var settings = binder.Bind();
        ImmutableArray<FileProblem> problems =
            [.. reading.Problems.Concat(misfits[true]).Concat(binder.Problems).OrderBy(problem => problem.Mark)];
        ImmutableArray<FileProblem> warnings =
            [.. misfits[false].Concat(binder.Warnings).OrderBy(warning => warning.Mark)];
        return new AgentFileReading(problems.IsEmpty ? settings : null, problems, warnings);
    }
}
