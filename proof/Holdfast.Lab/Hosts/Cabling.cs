using System.Globalization;
using System.Net;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Hosts;

/// <summary>
/// The lab's network: one namespace with a bridge, one for each host, a veth pair between them. Nothing of it is in the
/// machine's own namespace, so labs of the same addresses do not meet.
/// </summary>
static class Cabling
{
    const string Bridge = "br0", HostLink = "eth0", NamesFolder = "/run/netns";

    public static string PathOf(string name) => $"{NamesFolder}/{name}";
    public static bool Exists(string name) => File.Exists(PathOf(name));

    public static async Task BuildAsync(LabState state, CancellationToken stop)
    {
        var network = state.Network;
        await RunAsync(
            null,
            state.Hosts.Select(host => host.Namespace).Append(network.Namespace).Select(name => $"netns add {name}"),
            stop);
        await RunAsync(network.Namespace,
        [
            "link set lo up",
            $"link add {Bridge} type bridge",
            $"addr add {network.Gateway}/{network.PrefixLength} dev {Bridge}",
            $"link set {Bridge} up",
        ], stop);
        foreach (var host in state.Hosts)
            await PlugInAsync(state, host, stop);
    }

    /// <summary>A fresh network stack for a host that was killed: what its old one still had to say is never
    /// sent.</summary>
    public static async Task RebuildAsync(LabState state, LabHost host, CancellationToken stop)
    {
        _ = await TryRunAsync(state.Network.Namespace, [$"link del {PortOf(host)}"], stop);
        await RunAsync(null, [$"netns del {host.Namespace}", $"netns add {host.Namespace}"], stop);
        await PlugInAsync(state, host, stop);
    }

    /// <summary>Pulls the host's cable, or puts it back.</summary>
    public static Task PlugAsync(LabState state, LabHost host, bool plugged, CancellationToken stop) =>
        RunAsync(state.Network.Namespace, [$"link set {PortOf(host)} {(plugged ? "up" : "down")}"], stop);

    /// <summary>Safe to repeat, whatever is left of it.</summary>
    public static async Task RemoveAsync(LabState state, CancellationToken stop)
    {
        foreach (var name in state.Hosts.Select(host => host.Namespace).Append(state.Network.Namespace).Where(Exists))
        {
            // Sockets that still wait for an answer keep a namespace alive for a while; its links go now.
            var links = state.Hosts.Select(host => $"link del {PortOf(host)}").Append($"link del {Bridge}");
            if (string.Equals(name, state.Network.Namespace, StringComparison.Ordinal))
                _ = await TryRunAsync(name, links, stop);
            await RunAsync(null, [$"netns del {name}"], stop);
        }
        await RemoveNamesFolderAsync(stop);
    }

    static async Task PlugInAsync(LabState state, LabHost host, CancellationToken stop)
    {
        var port = PortOf(host);
        await RunAsync(state.Network.Namespace,
        [
            $"link add {port} type veth peer name {HostLink} address {MacOf(host)} netns {host.Namespace}",
            $"link set {port} master {Bridge} up",
        ], stop);
        await RunAsync(host.Namespace,
        [
            "link set lo up",
            $"addr add {host.Address}/{state.Network.PrefixLength} dev {HostLink}",
            $"link set {HostLink} up",
            $"route add default via {state.Network.Gateway}",
        ], stop);
    }

    static string PortOf(LabHost host) => string.Create(CultureInfo.InvariantCulture, $"port{host.Index}");

    /// <summary>The same after every start, so that nobody keeps a stale entry for the address.</summary>
    static string MacOf(LabHost host) =>
        "02:00:" + string.Join(
            ':', IPAddress.Parse(host.Address).GetAddressBytes()
                .Select(part => part.ToString("x2", CultureInfo.InvariantCulture)));

    static Task<string> RunAsync(string? name, IEnumerable<string> lines, CancellationToken stop) =>
        Tool.RunAsync("ip", Arguments(name, force: false), Script(lines), stop);

    static Task<ToolResult> TryRunAsync(string? name, IEnumerable<string> lines, CancellationToken stop) =>
        Tool.TryAsync("ip", Arguments(name, force: true), Script(lines), stop);

    static List<string> Arguments(string? name, bool force)
    {
        List<string> arguments = name is null ? [] : ["-netns", name];
        if (force)
            arguments.Add("-force");
        return [.. arguments, "-batch", "-"];
    }

    static string Script(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    /// <summary><c>ip netns add</c> mounts the folder of names onto itself; once it is empty that mount is
    /// nobody's.</summary>
    static async Task RemoveNamesFolderAsync(CancellationToken stop)
    {
        if (!Directory.Exists(NamesFolder) || Directory.EnumerateFileSystemEntries(NamesFolder).Any())
            return;
        while (File.ReadLines("/proc/self/mounts")
            .Any(line => string.Equals(line.Split(' ')[1], NamesFolder, StringComparison.Ordinal)))
            _ = await Tool.RunAsync("umount", [NamesFolder], "", stop);
    }
}
