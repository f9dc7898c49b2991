using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;

namespace Holdfast.Lab.Hosts;

/// <summary>The cluster file of a lab: the operator's before it runs, the lab's copy afterwards.</summary>
static class LabFile
{
    public const string Variable = "HOLDFAST_CONFIG", Sample = "samples/filmopoisk.yml";

    /// <summary>The file given, else the one of <see cref="Variable"/>, else ./holdfast.yml, else the sample.</summary>
    public static string Find(string? given)
    {
        if (given is not null)
            return Path.GetFullPath(given);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return Path.GetFullPath(named);
        if (File.Exists("holdfast.yml"))
            return Path.GetFullPath("holdfast.yml");
        return Path.Combine(PublishedPrograms.RepositoryRoot() ?? Environment.CurrentDirectory, Sample);
    }

    public static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"{path}: {failure.Message}", failure);
        }
    }

    /// <summary>What a running lab was started with.</summary>
    public static ClusterFile Of(LabState state) => Read(state.File, Text(new LabFolders(state.Lab).ClusterFile));

    /// <summary>Throws with all problems of the file, a line each.</summary>
    public static ClusterFile Read(string path, string text)
    {
        var reading = ClusterFileReader.Read(path, text);
        var file = reading.File ?? throw new LabException(string.Join('\n', reading.Problems));
        var folder = Path.GetDirectoryName(path)!;
        return file with
        {
            Postgres = file.Postgres with { Users = Rooted(file.Postgres.Users, folder) },
            Apps = [.. file.Apps.Select(app => app with { Environment = Rooted(app.Environment!, folder)! })],
        };
    }

    /// <summary>Passwords and the variables of apps.</summary>
    public static IEnumerable<SecretSettings> Secrets(ClusterFile file) => file.Postgres.Users.Values
        .Concat(file.Apps.SelectMany(app => app.Environment.Values)).OfType<SecretSettings>();

    /// <summary>A relative path of a secret is seen from the file's own folder.</summary>
    static ImmutableSortedDictionary<string, SecretSettings?> Rooted(
        IEnumerable<KeyValuePair<string, SecretSettings?>> secrets, string folder) =>
        secrets.ToImmutableSortedDictionary(
            pair => pair.Key,
            pair => pair.Value is { File: { } secret } found
                ? found with { File = Path.Combine(folder, secret) }
                : pair.Value,
            StringComparer.Ordinal);
}
