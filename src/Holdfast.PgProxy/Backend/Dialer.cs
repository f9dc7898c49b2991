using System.Net.Sockets;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Backend;

/// <summary>
/// Finds the server for one port's new sessions. Waits while nobody may have them, and tries again, since nothing was
/// forwarded yet, when a server refuses, is not ready, goes, or loses its role before its first answer.
/// </summary>
internal sealed class Dialer(
    Port port, TimeSpan holdTimeout, Switchboard board, LinkRegistry links, ProxyMetrics metrics, ILogger log)
{
    /// <param name="client">Looked at while it waits: a client that is gone is not waited for.</param>
    /// <param name="opening">What to say to the server. Its spare connection is used or closed.</param>
    /// <param name="answer">Takes the first answer; at least <see cref="FirstAnswer.ErrorBytesMax"/> long.</param>
    /// <param name="stop">Ends the wait.</param>
    public async Task<Dialed> DialAsync(Socket client, Opening opening, Memory<byte> answer, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(holdTimeout);
        var (why, pause, spare, asked) = ("", ProxyLimits.RetryPause, opening.Spare, default(Server));
        try
        {
            for (var tries = 0; ; tries++)
            {
                var change = board.NextChange;
                var reason = "";
                var picked = spare is not null ? spare.Server : board.Pick(port, out reason);
                var wait = ProxyLimits.HoldLook;
                if (picked is { } server)
                {
                    // What a server said last holds until it says something else; of a new one nothing is known.
                    why = server == asked ? why : $"{server} has not answered";
                    (var link, spare, asked) = (spare, null, server);
                    (var connected, why) = await TryAsync(server, link, opening, answer, limit.Token);
                    if (connected is not null)
                        return connected;
                    metrics.Retried(port);
                    (wait, pause) = (pause, Min(pause * 2, ProxyLimits.RetryPauseMax));
                }
                else
                {
                    (why, asked, pause) = (reason, default, ProxyLimits.RetryPause);
                }
                if (tries == 0)
                    NoteHeld(why);
                if (IsGone(client))
                    return new Dialed.Nobody(CloseReason.ClientGoneWhileHeld, why);
                await WaitAsync(change, wait, limit.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new Dialed.Nobody(
                stop.IsCancellationRequested ? CloseReason.Draining : CloseReason.HoldTimeout, why);
        }
    }

    async Task<(Dialed.Connected? Connected, string Why)> TryAsync(
        Server server, BackendLink? spare, Opening opening, Memory<byte> answer, CancellationToken stop)
    {
        BackendLink? link = null;
        try
        {
            link = spare ?? await ConnectAsync(server, stop);
            links.Add(link);
            // It is in the registry first: a role lost from here on cuts it.
            if (!Router.StillGood(port, server, board.Look()))
                return (null, $"{server} lost its role");
            await link.Socket.SendAsync(opening.Bytes, stop);
            var (connected, why) = await HearAsync(link, opening.IsSslRequest, answer, stop);
            if (connected is not null)
                link = null;
            return (connected, why);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException or TimeoutException)
        {
            board.PassOverForNow(server);
            return (null, $"{server}: {broken.Message}");
        }
        finally
        {
            if (link is not null)
                Drop(link);
        }
    }

    // A lost host answers nothing at all: once another one leads, its time need not run out.
    async Task<BackendLink> ConnectAsync(Server server, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ProxyLimits.Connect);
        var connecting = BackendLink.ConnectAsync(server, limit.Token);
        while (!connecting.IsCompleted)
        {
            var change = board.NextChange;
            if (!Router.StillGood(port, server, board.Look()))
                await limit.CancelAsync();
            await Task.WhenAny(connecting, change);
        }
        try
        {
            return await connecting;
        }
        catch (OperationCanceledException late) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException("it does not take connections", late);
        }
    }

    // Waits as long as the client may be held: a server that falls silent here loses its role, and is cut.
    async Task<(Dialed.Connected? Connected, string Why)> HearAsync(
        BackendLink link, bool isSslRequest, Memory<byte> answer, CancellationToken stop)
    {
        var heard = 0;
        while (true)
        {
            var count = await link.Socket.ReceiveAsync(answer[heard..], stop);
            if (count == 0)
                return (null, $"{link.Server} closed the connection before it answered");
            heard += count;
            if (isSslRequest)
                return (new Dialed.Connected(link, heard, null), "");
            switch (FirstAnswer.Read(answer.Span[..heard]))
            {
                case FirstAnswer.NotNow notNow:
                    board.PassOverForNow(link.Server);
                    return (null, $"{link.Server}: {notNow.Message}");
                case FirstAnswer.PassOn:
                    var login = new LoginWatch();
                    return login.Feed(answer.Span[..heard]) == LoginSight.Standby
                        && link.Server.Role == ServerRole.Primary
                        ? (null, $"{link.Server} says that it is a standby")
                        : (new Dialed.Connected(link, heard, login), "");
            }
        }
    }

    static async Task WaitAsync(Task change, TimeSpan limit, CancellationToken stop)
    {
        await Task.WhenAny(change, Task.Delay(limit, stop));
        stop.ThrowIfCancellationRequested();
    }

    static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    void NoteHeld(string why)
    {
        metrics.Held(port);
        log.Holding(port, why);
    }

    void Drop(BackendLink link)
    {
        links.Remove(link);
        link.Dispose();
    }

    // Readable without a byte to read: closed.
    static bool IsGone(Socket client) => client.Poll(TimeSpan.Zero, SelectMode.SelectRead) && client.Available == 0;
}
