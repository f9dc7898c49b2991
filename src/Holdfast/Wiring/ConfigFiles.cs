using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Wiring;

/// <summary>Where the one file is, and what it says. The pure room reads text; files and variables are read
/// here.</summary>
internal static class ConfigFiles
{
    public const string Variable = "HOLDFAST_CONFIG", DefaultPath = "holdfast.yml";

    /// <summary>The value of --config, else of HOLDFAST_CONFIG, else holdfast.yml of the working folder.</summary>
    public static string Find(string? option, Func<string, string?> readVariable) =>
        option is { Length: > 0 } given ? given
        : readVariable(Variable) is { Length: > 0 } path ? path
        : DefaultPath;

    /// <summary>Reads and checks; a file that is not there or can't be read is a problem like any other.</summary>
    public static ClusterFileReading Read(string path)
    {
        try
        {
            return ClusterFileReader.Read(path, File.ReadAllText(path));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ClusterFileReading(null, [ClusterFileReader.Missing(path)]);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            var problem = new FileProblem(path, YamlMark.None, $"can't be read: {refused.Message}");
            return new ClusterFileReading(null, [problem]);
        }
    }

    /// <summary>The passwords that the file points to; a relative path is seen from the file's own folder.</summary>
    public static ResolvedSecrets ReadSecrets(string path, ClusterFile file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        return Secrets.Resolve(
            path, file, secret => TextOrNull(Path.Combine(folder, secret)), Environment.GetEnvironmentVariable);
    }

    /// <summary>The variables of the apps of <paramref name="host"/>; relative paths as above.</summary>
    public static ResolvedVariables ReadAppVariables(string path, ClusterFile file, NodeName host)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        return Secrets.ResolveApps(
            path, file, host, secret => TextOrNull(Path.Combine(folder, secret)), Environment.GetEnvironmentVariable);
    }

    static string? TextOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
