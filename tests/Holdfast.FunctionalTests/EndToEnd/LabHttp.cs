using System.Net;
using System.Net.Sockets;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Machine;

namespace Holdfast.FunctionalTests.EndToEnd;

/// <summary>HTTP to the hosts of a lab, from its bridge.</summary>
static class LabHttp
{
    public static HttpClient Client(RunningLab lab, TimeSpan limit) => new(
        new SocketsHttpHandler { ConnectCallback = (context, stop) => ConnectAsync(lab, context.DnsEndPoint, stop) })
    {
        Timeout = limit,
    };

    static async ValueTask<Stream> ConnectAsync(RunningLab lab, DnsEndPoint to, CancellationToken stop)
    {
        var socket = NamespaceThread.Run(Cabling.PathOf(lab.State.Network.Namespace),
            () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
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
