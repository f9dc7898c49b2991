using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Lab.Hosts;

namespace Holdfast.Lab.Status;

/// <summary>Asks a host's supervisor, over the unix socket in the host's own /run as its first process sees
/// it.</summary>
static class SupervisorClient
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <returns>Null when it does not answer in time.</returns>
    public static async Task<SupervisorAnswer?> TryAskAsync(LabHost host, CancellationToken stop)
    {
        if (host.First is not { } first)
            return null;
        // Through /proc the path stays far below the 107 bytes that a unix socket's path may have.
        var address = new UnixDomainSocketEndPoint($"/proc/{first.Pid}/root/run/holdfast/supervisor.sock");
        using var http =
            new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, token) => ConnectAsync(address, token) });
        http.Timeout = Limit;
        try
        {
            var text = await http.GetStringAsync(new Uri("http://supervisor/status"), stop);
            return JsonSerializer.Deserialize(text, LabJson.Default.SupervisorAnswer);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or JsonException
            || (failure is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }

    static async ValueTask<Stream> ConnectAsync(UnixDomainSocketEndPoint address, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(address, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }
}
