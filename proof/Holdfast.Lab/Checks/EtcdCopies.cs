using System.Globalization;
using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Checks;

/// <summary>Copies of the data of a lab's etcd, and putting them back: as an operator would who lost it.</summary>
sealed class EtcdCopies(LabState state, ClusterFile file)
{
    readonly LabFolders _folders = new(state.Lab);

    /// <summary>Each member stands still while it is copied; the others go on without it.</summary>
    public async Task TakeAsync(CancellationToken stop)
    {
        foreach (var host in Members)
        {
            _ = await ProgramFaults.PauseAsync(state, host, "etcd", stop);
            try
            {
                await CopyAsync(DataOf(host), CopyOf(host), stop);
            }
            finally
            {
                _ = await ProgramFaults.ResumeAsync(state, host, "etcd", CancellationToken.None);
            }
        }
    }

    /// <summary>All stand still, get their old data, and are killed: what they still had in mind is gone. Their
    /// supervisors start them.</summary>
    public async Task PutBackAsync(CancellationToken stop)
    {
        foreach (var host in Members)
            _ = await ProgramFaults.PauseAsync(state, host, "etcd", stop);
        foreach (var host in Members)
            await CopyAsync(CopyOf(host), DataOf(host), stop);
        foreach (var host in Members)
            _ = await ProgramFaults.KillAsync(state, host, "etcd", stop);
    }

    /// <summary>The highest term that any agent has on its disk.</summary>
    public long HighestTerm() => Members
        .Select(host => Path.Combine(_folders.DataOf(host.Name), "agent", "term.json")).Where(File.Exists)
        .SelectMany(path => Numbers(File.ReadAllText(path))).DefaultIfEmpty().Max();

    IEnumerable<LabHost> Members => file.Etcd.On.Select(host => state.Host(host.Value));

    string DataOf(LabHost host) => Path.Combine(_folders.EtcdOf(host.Name), "member");
    string CopyOf(LabHost host) => Path.Combine(_folders.Of(host.Name), "etcd-copy");

    static async Task CopyAsync(string from, string to, CancellationToken stop)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        _ = await Tool.RunAsync("cp", ["-a", "--sparse=always", from, to], "", stop);
    }

    /// <summary>Of the field that holds the term, whatever else is there.</summary>
    static IEnumerable<long> Numbers(string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        foreach (var field in document.RootElement.EnumerateObject())
        {
            if (field.Name.Contains("term", StringComparison.OrdinalIgnoreCase)
                && long.TryParse(field.Value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var term))
                yield return term;
        }
    }
}
