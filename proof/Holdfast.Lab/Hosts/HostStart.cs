using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>Switches one host on: its first process, in its namespaces and its cgroup.</summary>
static class HostStart
{
    static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(15);

    /// <summary>Places of the machine that a host covers with its own; empty folders that stay behind.</summary>
    static readonly ImmutableArray<string> Places = ["/var/lib/holdfast", "/run/holdfast", "/etc/holdfast"];

    /// <summary>Where a host sees a folder of published programs.</summary>
    public static string PlaceOf(string programs) => $"/opt/{Path.GetFileName(programs)}";

    public static void Prepare(LabRequest request, LabState state)
    {
        var folders = new LabFolders(state.Lab);
        foreach (var place in Places.Append(folders.Settings))
            Directory.CreateDirectory(place);
        // It may hold passwords. Only root reads it; the supervisor gives each program its own part.
        WritePrivate(folders.ClusterFile, request.Text);
        CopySecrets(request, folders);
        foreach (var (name, text) in request.Settings)
            File.WriteAllText(Path.Combine(folders.Settings, name), text);
        File.WriteAllText(folders.HostsFile, "127.0.0.1 localhost\n"
            + string.Concat(state.Hosts.Select(host => $"{host.Address} {host.Name}\n")));
        foreach (var host in state.Hosts)
            Directory.CreateDirectory(folders.DataOf(host.Name));
        PublishedPrograms.Copy(folders, request);
        foreach (var programs in folders.HostPrograms)
            Directory.CreateDirectory(PlaceOf(programs));
        WriteWords(folders.NodeCommand, request.Node);
        WriteWords(folders.AfterNodeCommand, request.AfterNode);
        WriteWords(folders.Secrets, Secrets(request.Cluster));
    }

    /// <summary>Starts the host, and returns once its mounts are in place and its supervisor is being
    /// started.</summary>
    public static async Task<LabHost> StartAsync(LabState state, LabHost host, CancellationToken stop)
    {
        var folders = new LabFolders(state.Lab);
        var ready = folders.ReadyOf(host.Name);
        File.Delete(ready);
        var environment = EnvironmentOf(folders);
        foreach (var secret in ReadWords(folders.Secrets))
        {
            var sign = secret.IndexOf('=', StringComparison.Ordinal);
            environment[secret[..sign]] = secret[(sign + 1)..];
        }
        var first = Launcher.Start(
            folders.CgroupOf(host.Name), host.Namespace, isolated: true, folders.ConsoleOf(host.Name), environment,
            [Path.Combine(folders.LabPrograms, "lab"), HostInit.Verb, state.Lab, host.Name]);
        var came = await Wait.ForAsync(() => File.Exists(ready) || !first.Identity.IsAlive, ReadyLimit, stop);
        return came && File.Exists(ready) ? host with { First = first, Cuts = [] }
            : throw new LabException($"host {host.Name} did not start: {LastLines(folders.ConsoleOf(host.Name))}");
    }

    /// <summary>What programs of a host begin with; the published ones are found by their names.</summary>
    public static Dictionary<string, string> EnvironmentOf(LabFolders folders)
    {
        var environment = Launcher.CleanEnvironment();
        environment["PATH"] = string.Join(':', [environment["PATH"], .. folders.HostPrograms.Select(PlaceOf)]);
        return environment;
    }

    public static string LastLines(string file) =>
        File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(5)) : $"{file} is missing";

    /// <summary>Files beside the cluster file, where its copy looks for them.</summary>
    static void CopySecrets(LabRequest request, LabFolders folders)
    {
        var origin = Path.GetDirectoryName(request.Path)!;
        foreach (var secret in LabFile.Secrets(request.Cluster).Select(secret => secret.File).OfType<string>())
        {
            var beside = Path.GetRelativePath(origin, secret);
            if (beside.StartsWith("..", StringComparison.Ordinal) || !File.Exists(secret))
                continue; // Elsewhere on the machine: a host sees it at the same path.
            var target = Path.Combine(folders.Settings, beside);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            WritePrivate(target, File.ReadAllText(secret));
        }
    }

    /// <summary>As /proc has them: each word ends with a zero byte, so that it may hold anything else.</summary>
    static void WriteWords(string file, IEnumerable<string> words) =>
        WritePrivate(file, string.Concat(words.Select(word => word + "\0")));

    public static string[] ReadWords(string file) =>
        File.ReadAllText(file).Split('\0', StringSplitOptions.RemoveEmptyEntries);

    static void WritePrivate(string file, string text)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var writer = new StreamWriter(file, options);
        writer.Write(text);
    }

    /// <summary>The file's own environment variables are the only ones that reach a host.</summary>
    static IEnumerable<string> Secrets(ClusterFile file) =>
        from name in LabFile.Secrets(file).Select(secret => secret.Env).OfType<string>()
            .Distinct(StringComparer.Ordinal)
        let value = Environment.GetEnvironmentVariable(name)
        where value is not null
        select $"{name}={value}";
}
