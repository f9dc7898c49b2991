using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Relays;

/// <summary>
/// Keeps the published ports open. The process lives in the bridge's namespace, so every connection it makes comes from
/// there; only its listeners were made in the machine's own. It knows of a fault what a client could know: connections
/// fail.
/// </summary>
static class Relay
{
    public const string Verb = "relay";
    const int Backlog = 512;

    /// <param name="arguments">The verb, the lab, and the network namespace to listen in.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var folders = new LabFolders(arguments[1]);
        var state = Labs.Find(arguments[1]) ?? throw new LabException($"no lab {arguments[1]}");
        using var stopping = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stopping.Cancel();
        });
        var listeners = state.Published.Select(port => Listen(arguments[2], port.Port)).ToList();
        var ports = state.Published
            .Select((port, index) => port with { Port = ((IPEndPoint)listeners[index].LocalEndPoint!).Port })
            .ToArray();
        await File.WriteAllTextAsync(
            folders.RelayPorts + ".new", JsonSerializer.Serialize(
                ports, LabJson.Default.PublishedPortArray), CancellationToken.None);
        File.Move(folders.RelayPorts + ".new", folders.RelayPorts, overwrite: true);
        await Task.WhenAll(ports.Select((port, index) => ServeAsync(port, listeners[index], stopping.Token)));
        return 0;
    }

    static async Task ServeAsync(PublishedPort port, Socket listener, CancellationToken stop)
    {
        using var closing = listener;
        var relay = new PortRelay(
            listener, [.. port.Targets.Select(target => new RelayTarget(IPEndPoint.Parse(target)))]);
        await relay.RunAsync(stop);
    }

    static Socket Listen(string network, int port)
    {
        var listener = NamespaceSocket.OpenTcp(network);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(Backlog);
        return listener;
    }
}
