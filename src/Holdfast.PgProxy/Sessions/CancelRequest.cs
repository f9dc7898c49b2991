using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Loops;
using Holdfast.PgProxy.Routing;

namespace Holdfast.PgProxy.Sessions;

/// <summary>A connection of its own that carries one cancel request. A cancel promises nothing (PostgreSQL manual,
/// Canceling Requests in Progress).</summary>
internal static class CancelRequest
{
    /// <param name="loop">The one that we are on.</param>
    /// <param name="server">Whose.</param>
    /// <param name="tls">How it is talked to.</param>
    /// <param name="packet">The whole request.</param>
    /// <param name="over">PostgreSQL has closed, and so has sent its signal; or its time is up.</param>
    public static void Send(EventLoop loop, Server server, ServerTls tls, byte[] packet, Action over) =>
        _ = SendAsync(loop, server, tls, packet, over);

    static async Task SendAsync(EventLoop loop, Server server, ServerTls tls, byte[] packet, Action over)
    {
        using var door = new ServerDoor(loop, server, tls);
        using var limit = new CancellationTokenSource(ProxyLimits.Cancel);
        await using var late = limit.Token.Register(() => loop.Post(door.GiveUp));
        if (await door.OpenAsync() is null)
        {
            door.Connection!.Send(packet);
            while (await door.Inbox.MoreAsync())
                door.Inbox.Drop(door.Inbox.Bytes.Length);
            door.Connection.Close();
        }
        over();
    }
}
