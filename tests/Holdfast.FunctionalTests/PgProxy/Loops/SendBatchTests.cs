using System.Buffers.Binary;
using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>Sent together or each by itself: every peer has its own, whole and in order.</summary>
public sealed class SendBatchTests : IDisposable
{
    const int PieceBytes = 1000;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    LoopUnderTest _test = null!;

    public void Dispose() => _test?.Dispose();

    void Begin(bool sendsTogether)
    {
        _test = new LoopUnderTest(sendsTogether);
        _test.Loop.Sends.IsAtWork.ShouldBe(sendsTogether);
    }

    // Resumed: it is told when its peer is gone.
    async Task<(Connection Connection, HeardUser User, Socket Peer)> ConnectAsync()
    {
        var user = new HeardUser();
        var (connection, peer) = await _test.ConnectAsync(user);
        await _test.DoAsync(connection.Resume);
        return (connection, user, peer);
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
            await stream.ReadExactlyAsync(buffer, Stop).AsTask().WaitAsync(LoopUnderTest.Limit, Stop);
            BinaryPrimitives.ReadInt32BigEndian(buffer).ShouldBe(number);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task More_connections_than_a_batch_holds_have_their_own_in_order(bool sendsTogether)
    {
        const int connections = 300, turns = 5, perTurn = 3;
        Begin(sendsTogether);
        var all = new List<(Connection Connection, HeardUser User, Socket Peer)>();
        for (var i = 0; i < connections; i++)
            all.Add(await ConnectAsync());
        for (var turn = 0; turn < turns; turn++)
        {
            var from = turn * perTurn;
            await _test.DoAsync(() =>
            {
                for (var number = from; number < from + perTurn; number++)
                    all.ForEach(one => one.Connection.Send(Piece(number)));
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
        while (sent < atMost && await _test.DoAsync(() => connection.BytesKept) == 0)
            await SendAsync();
        (await _test.DoAsync(() => connection.IsBlocked)).ShouldBeTrue();
        for (var more = 0; more < rest; more++)
            await SendAsync();
        user.Drained.IsCompleted.ShouldBeFalse();
        await ReadAsync(peer, sent);
        await user.Drained.WaitAsync(LoopUnderTest.Limit, Stop);
        await ReadAsync(other.Peer, sent);

        async Task SendAsync()
        {
            await _test.DoAsync(() =>
            {
                connection.Send(Piece(sent));
                other.Connection.Send(Piece(sent));
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
        await _test.DoAsync(() =>
        {
            gone.Peer.Close();
            gone.Connection.Send(Piece(0));
            stays.Connection.Send(Piece(0));
        });
        await gone.User.Ended.WaitAsync(LoopUnderTest.Limit, Stop);
        await ReadAsync(stays.Peer, 1);
        stays.User.Ended.IsCompleted.ShouldBeFalse();
    }
}
