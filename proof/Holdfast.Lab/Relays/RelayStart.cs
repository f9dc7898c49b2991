using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Relays;

/// <summary>Starts the lab's relay: a process of its own, so that it outlives <c>lab up --detach</c>.</summary>
static class RelayStart
{
    static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(10);

    /// <summary>Throws when two roles want one port, or, naming all of them, when ports are taken on this
    /// machine.</summary>
    public static void CheckPorts(LabState plan)
    {
        if (plan.Published.Where(port => port.Port != 0).GroupBy(port => port.Port)
            .FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new LabException($"port {twice.Key} on 127.0.0.1 would be both "
                + $"{string.Join(" and ", twice.Select(port => port.Role))}; use free ports: lab up --publish free");
        }
        var taken = plan.Published.Where(port => port.Port != 0 && IsTaken(port.Port)).Select(port => port.Port)
            .ToList();
        if (taken.Count > 0)
        {
            throw new LabException($"taken on 127.0.0.1: {string.Join(", ", taken)}; "
                + "stop what listens there, or use free ports: lab up --publish free");
        }
    }

    public static async Task<(LabProcess Process, ImmutableArray<PublishedPort> Ports)> StartAsync(
        LabState plan, CancellationToken stop)
    {
        var folders = new LabFolders(plan.Lab);
        File.Delete(folders.RelayPorts);
        var process = Launcher.Start(
            folders.RelayCgroup,
            plan.Network.Namespace,
            isolated: false,
            folders.RelayOutput,
            Launcher.CleanEnvironment(),
            [Path.Combine(folders.LabPrograms, "lab"), Relay.Verb, plan.Lab, $"/proc/{Environment.ProcessId}/ns/net"]);
        var came = await Wait.ForAsync(
            () => File.Exists(folders.RelayPorts) || !process.Identity.IsAlive, ReadyLimit, stop);
        if (!came || !File.Exists(folders.RelayPorts))
            throw new LabException($"the relay did not start: {HostStart.LastLines(folders.RelayOutput)}");
        var ports = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(folders.RelayPorts, stop), LabJson.Default.PublishedPortArray);
        return (process, [.. ports!]);
    }

    static bool IsTaken(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            probe.Listen();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
