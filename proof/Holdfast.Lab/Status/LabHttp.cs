using System.Net;
using System.Net.Sockets;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Status;

/// <summary>HTTP to the hosts of a lab, from its bridge.</summary>
static class LabHttp
{
    public static HttpClient Client(LabState state, TimeSpan limit) => new(
        new SocketsHttpHandler { ConnectCallback = (context, stop) => ConnectAsync(state, context.DnsEndPoint, stop) })
    {
        Timeout = limit,
    };

    static async ValueTask<Stream> ConnectAsync(LabState state, DnsEndPoint to, CancellationToken stop)
    {
        var socket = NamespaceSocket.OpenTcp(Cabling.PathOf(state.Network.Namespace));
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(to.Host), to.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }
}
