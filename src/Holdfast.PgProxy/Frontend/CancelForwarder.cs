using System.Net.Sockets;
using Holdfast.PgProxy.Backend;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Frontend;

/// <summary>
/// Sends a cancel request to every server that may own its session: those with sessions here, and those a session of
/// another proxy may be on. A server ignores a key that is not its own, so nothing has to be remembered, and it also
/// works for logins that are encrypted.
/// </summary>
internal sealed class CancelForwarder(Switchboard board, LinkRegistry links)
{
    /// <summary>Completes when every server has taken the request, or after <see cref="ProxyLimits.Cancel"/>.</summary>
    public async Task ForwardAsync(ReadOnlyMemory<byte> request, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ProxyLimits.Cancel);
        var view = board.Look();
        var targets = links.Servers()
            .Concat(Candidates(Port.Primary, view))
            .Concat(Candidates(Port.Replicas, view))
            .DistinctBy(server => (server.Host, server.Port))
            .Take(ProxyLimits.CancelTargetsMax);
        await Task.WhenAll(targets.Select(target => SendAsync(target, request, limit.Token)));
    }

    static IEnumerable<Server> Candidates(Port port, RoutingView view) =>
        Router.Decide(port, view) is Route.To to ? to.Servers : [];

    static async Task SendAsync(Server target, ReadOnlyMemory<byte> request, CancellationToken stop)
    {
        try
        {
            using var link = await BackendLink.ConnectAsync(target, stop);
            await link.Socket.SendAsync(request, stop);
            // PostgreSQL answers nothing, and closes once the signal is sent.
            await link.Socket.ReceiveAsync(new byte[1], stop);
        }
        catch (Exception failed) when (failed is SocketException or OperationCanceledException)
        {
            // A cancel request promises nothing (PostgreSQL manual, Canceling Requests in Progress).
        }
    }
}
