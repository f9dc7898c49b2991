using System.Collections.Immutable;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>A cluster file as read: <paramref name="File"/> is null as soon as there is one problem.</summary>
public sealed record ClusterFileReading(ClusterFile? File, ImmutableArray<FileProblem> Problems);

/// <summary>
/// Text to <see cref="ClusterFile"/>, strictly: nothing is bound from a bad file, and all problems are told at once,
/// in the order of their places. The table of keys is the published schema; what a schema can't say is in
/// <see cref="ClusterFileRules"/>.
/// </summary>
public static class ClusterFileReader
{
    /// <summary>The published JSON Schema, which is also what the reader checks against.</summary>
    public static string SchemaText => Schema.TextOf(typeof(ClusterFileReader).Assembly, "holdfast.schema.json");

    /// <summary>What to say of a file that is not there.</summary>
    public static FileProblem Missing(string fileName) => new(
        fileName, YamlMark.None, "no such file; give --config FILE, set HOLDFAST_CONFIG, or run where holdfast.yml is");

    /// <param name="fileName">Only for the problems.</param>
    /// <param name="text">The whole text of the file.</param>
    public static ClusterFileReading Read(string fileName, string text)
    {
        var reading = YamlReader.Read(fileName, text);
        if (reading.Root is null)
        {
            const string empty = "the file is empty; expected at least cluster, hosts, etcd, postgres";
            return new ClusterFileReading(
                null, reading.Problems.IsEmpty ? [new FileProblem(fileName, YamlMark.None, empty)] : reading.Problems);
        }
        var misfits = SchemaCheck.Problems(fileName, reading.Root, Schema.Parse(SchemaText));
        var broken = reading.Root is YamlMap root ? ClusterFileRules.Problems(fileName, root) : [];
        ImmutableArray<FileProblem> problems =
            [.. reading.Problems.Concat(misfits).Concat(broken).OrderBy(problem => problem.Mark)];
        return problems.IsEmpty
            ? new ClusterFileReading(ClusterFileBinder.Bind((YamlMap)reading.Root), [])
            : new ClusterFileReading(null, problems);
    }
}
