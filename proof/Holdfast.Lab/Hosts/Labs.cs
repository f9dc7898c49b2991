using System.Text.Json;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>The labs of this machine, by their state files.</summary>
static class Labs
{
    static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(60);

    public static LabState? Find(string name)
    {
        try
        {
            var text = File.ReadAllText(new LabFolders(name).StateFile);
            return JsonSerializer.Deserialize(text, LabJson.Default.LabState);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static IReadOnlyList<string> Names() => !Directory.Exists(LabFolders.StateRoot) ? []
        : [
            .. Directory.EnumerateDirectories(LabFolders.StateRoot).Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal)
        ];

    /// <summary>The lab of this name, or without a name the only one there is.</summary>
    public static LabState Get(string? name)
    {
        var names = Names();
        if (name is not null)
            return Find(name) ?? throw new LabException(Wrong.Word("lab", name, names));
        return names switch
        {
            [var only] =>
                Find(only) ?? throw new LabException($"lab {only} was left half built: lab down --name {only}"),
            [] => throw new LabException("no lab is running: ./lab up"),
            _ => throw new LabException($"several labs are running, say which with --name: {string.Join(", ", names)}"),
        };
    }

    public static void Save(LabState state)
    {
        var file = new LabFolders(state.Lab).StateFile;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(state, LabJson.Default.LabState));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Whether anything of it lives in this boot.</summary>
    public static bool IsAlive(LabState state) =>
        string.Equals(state.BootId, BootClock.BootId, StringComparison.Ordinal)
        && (state.Relay?.Identity.IsAlive == true || state.Hosts.Any(host => host.IsRunning));

    /// <summary>Only one command at a time builds or takes down anything. The kernel lets go of it when the command
    /// dies.</summary>
    public static async Task<IDisposable> LockAsync(CancellationToken stop)
    {
        var path = LabFolders.StateRoot + ".lock";
        FileStream? taken = null;
        if (!await Wait.ForAsync(() => (taken = TryLock(path)) is not null, LockLimit, stop))
            throw new LabException($"another lab command holds {path} for more than {LockLimit.TotalSeconds} s");
        return taken!;
    }

    static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
