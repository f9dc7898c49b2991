using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>Sent together or each by itself: every peer has its own, whole and in order.</summary>
public sealed class SendBatchTests : IDisposable
{
    const int PieceBytes = 1000;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly List<Socket> _peers = [];
    EventLoop _loop = null!;

    public SendBatchTests() => _listener.Start();

    public void Dispose()
    {
        _loop?.Dispose();
        _peers.ForEach(peer => peer.Dispose());
        _listener.Dispose();
    }

    sealed class User : ConnectionUser
    {
        public TaskCompletionSource Drained { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void OnBytes(ReadOnlySpan<byte> bytes)
        {
            // Peers say nothing here.
        }

        public override void OnDrained() => Drained.TrySetResult();
        public override void OnEnded() => Ended.TrySetResult();
    }

    void Begin(bool sendsTogether)
    {
        _loop = new EventLoop(0, NullLogger.Instance, sendsTogether);
        _loop.Sends.IsAtWork.ShouldBe(sendsTogether);
        _loop.Start();
    }

    async Task<(Connection Connection, User User, Socket Peer)> ConnectAsync()
    {
        var user = new User();
        var (connection, connecting) = await OnLoopAsync(() => Connection.Connect(
            _loop, (IPEndPoint)_listener.LocalEndpoint, unackedMs: 60_000, user));
        var peer = await _listener.AcceptSocketAsync(Stop).AsTask().WaitAsync(Limit, Stop);
        _peers.Add(peer);
        (await connecting.WaitAsync(Limit, Stop)).ShouldBe(SocketError.Success);
        await OnLoopAsync(() => { connection.Resume(); return 0; });
        return (connection, user, peer);
    }

    Task<T> OnLoopAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() => done.SetResult(work()));
        return done.Task.WaitAsync(Limit, Stop);
    }

    static byte[] Piece(int number)
    {
        var piece = new byte[PieceBytes];
        BinaryPrimitives.WriteInt32BigEndian(piece, number);
        return piece;
    }

    static async Task ReadAsync(Socket peer, int pieces)
    {
        var (buffer, stream) = (new byte[PieceBytes], new NetworkStream(peer));
        for (var number = 0; number < pieces; number++)
        {
            await stream.ReadExactlyAsync(buffer, Stop).AsTask().WaitAsync(Limit, Stop);
            BinaryPrimitives.ReadInt32BigEndian(buffer).ShouldBe(number);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task More_connections_than_a_batch_holds_have_their_own_in_order(bool sendsTogether)
    {
        const int connections = 300, turns = 5, perTurn = 3;
        Begin(sendsTogether);
        var all = new List<(Connection Connection, User User, Socket Peer)>();
        for (var i = 0; i < connections; i++)
            all.Add(await ConnectAsync());
        for (var turn = 0; turn < turns; turn++)
        {
            var from = turn * perTurn;
            await OnLoopAsync(() =>
            {
                for (var number = from; number < from + perTurn; number++)
                    all.ForEach(one => one.Connection.Send(Piece(number)));
                return 0;
            });
        }
        foreach (var one in all)
            await ReadAsync(one.Peer, turns * perTurn);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Short_pieces_alone_fill_a_peers_window_and_none_is_lost(bool sendsTogether)
    {
        const int atMost = 100_000, rest = 100;
        Begin(sendsTogether);
        var (connection, user, peer) = await ConnectAsync();
        var other = await ConnectAsync();
        var sent = 0;
        while (sent < atMost && await OnLoopAsync(() => connection.BytesKept) == 0)
            await SendAsync();
        (await OnLoopAsync(() => connection.IsBlocked)).ShouldBeTrue();
        for (var more = 0; more < rest; more++)
            await SendAsync();
        user.Drained.Task.IsCompleted.ShouldBeFalse();
        await ReadAsync(peer, sent);
        await user.Drained.Task.WaitAsync(Limit, Stop);
        await ReadAsync(other.Peer, sent);

        async Task SendAsync()
        {
            await OnLoopAsync(() =>
            {
                connection.Send(Piece(sent));
                other.Connection.Send(Piece(sent));
                return 0;
            });
            sent++;
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_peer_that_is_gone_ends_its_own_connection_alone(bool sendsTogether)
    {
        Begin(sendsTogether);
        var (gone, stays) = (await ConnectAsync(), await ConnectAsync());
        gone.Peer.LingerState = new LingerOption(true, 0);
        // Both in the turn in which it goes: the kernel refuses the first piece.
        await OnLoopAsync(() =>
        {
            gone.Peer.Close();
            gone.Connection.Send(Piece(0));
            stays.Connection.Send(Piece(0));
            return 0;
        });
        await gone.User.Ended.Task.WaitAsync(Limit, Stop);
        await ReadAsync(stays.Peer, 1);
        stays.User.Ended.Task.IsCompleted.ShouldBeFalse();
    }
}
