using System.CommandLine;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;
using Holdfast.Wiring;

namespace Holdfast.Commands;

/// <summary>A cluster file that was found and is good.</summary>
sealed record OpenFile(string Path, ClusterFile File);

/// <summary>The options that several verbs share, and the cluster file that they lead to.</summary>
static class FileOptions
{
    public static Option<string?> Config() => new("--config")
    {
        Description = "The cluster file.",
        HelpName = "FILE",
    };

    public static Option<string> Name() => new("--name")
    {
        Description = "This host's name in the cluster file.",
        HelpName = "NAME",
        Required = true,
    };

    public static Option<string> Data() => new("--data")
    {
        Description = "Folder of what outlives a restart.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "/var/lib/holdfast",
    };

    public static Option<string> Run() => new("--run")
    {
        Description = "Folder of sockets and of what lives as long as the machine runs.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => "/run/holdfast",
    };

    /// <summary>Null after every problem was written to <paramref name="errors"/>: the exit code is then
    /// <see cref="ExitCodes.BadUsage"/>.</summary>
    public static OpenFile? Open(string? option, TextWriter errors)
    {
        var path = ConfigFiles.Find(option, Environment.GetEnvironmentVariable);
        var reading = ConfigFiles.Read(path);
        foreach (var problem in reading.Problems)
            errors.WriteLine(problem);
        return reading.File is { } file ? new OpenFile(path, file) : null;
    }

    /// <summary>The same, for a verb about a cluster that the file runs.</summary>
    public static OpenFile? OpenOurs(string? option, string verb, TextWriter errors)
    {
        if (Open(option, errors) is not { } open)
            return null;
        if (!open.File.Postgres.On.IsEmpty)
            return open;
        errors.WriteLine($"holdfast {verb}: the cluster of {open.Path} is run by Patroni (pgproxy.patroni); "
            + "only 'holdfast pgproxy' serves it");
        return null;
    }

    /// <summary>The host of that name among <paramref name="hosts"/>; null after the problem was written.</summary>
    public static NodeName? Host(string name, string role, IEnumerable<NodeName> hosts, TextWriter errors)
    {
        var names = hosts.Select(host => host.Value).ToArray();
        if (names.Contains(name, StringComparer.Ordinal))
            return new NodeName(name);
        var there = names.Length > 0 ? string.Join(", ", names) : "none";
        errors.WriteLine($"holdfast {role}: unknown host '{name}'; the cluster file has {there} for it");
        return null;
    }
}
