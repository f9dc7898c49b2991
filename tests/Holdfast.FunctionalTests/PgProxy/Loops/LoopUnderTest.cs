using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>A loop, and connections from it to peers that the test holds.</summary>
internal sealed class LoopUnderTest : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly List<Socket> _peers = [];

    public LoopUnderTest(bool sendsTogether = true)
    {
        Loop = new EventLoop(0, NullLogger.Instance, sendsTogether);
        Loop.Start();
        _listener.Start();
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public EventLoop Loop { get; }

    public void Dispose()
    {
        Loop.Dispose();
        _peers.ForEach(peer => peer.Dispose());
        _listener.Dispose();
    }

    /// <summary>Nothing is read from it before it is resumed.</summary>
    public async Task<(Connection Connection, Socket Peer)> ConnectAsync(ConnectionUser user)
    {
        var (connection, connecting) = await DoAsync(() => Connection.Connect(
            Loop, (IPEndPoint)_listener.LocalEndpoint, unackedMs: 60_000, user));
        var peer = await _listener.AcceptSocketAsync(Stop).AsTask().WaitAsync(Limit, Stop);
        _peers.Add(peer);
        (await connecting.WaitAsync(Limit, Stop)).ShouldBe(SocketError.Success);
        return (connection, peer);
    }

    public Task DoAsync(Action work) => DoAsync(() =>
    {
        work();
        return true;
    });

    public Task<T> DoAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (ShouldAssertException e)
            {
                done.SetException(e);
            }
        });
        return done.Task.WaitAsync(Limit, Stop);
    }
}
