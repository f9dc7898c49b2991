using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>The kernel tells once what has come: nothing of it may be forgotten.</summary>
public sealed class ConnectionTests : IDisposable
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly LoopUnderTest _test = new();
    readonly EventLoop _other = new(1, NullLogger.Instance);
    readonly HeardUser _user = new();
    Socket _peer = null!;
    Connection _connection = null!;

    public ConnectionTests() => _other.Start();

    public void Dispose()
    {
        _test.Dispose();
        _other.Dispose();
    }

    async Task ConnectAsync(HeardUser user) => (_connection, _peer) = await _test.ConnectAsync(user);

    // Whatever the kernel had to tell until now has been heard.
    async Task HeardAsync()
    {
        for (var turns = 0; turns < 3; turns++)
            await _test.DoAsync(() => true);
    }

    [Fact]
    public async Task What_came_while_it_was_paused_and_the_end_behind_it_are_told()
    {
        await ConnectAsync(_user);
        await _peer.SendAsync("words"u8.ToArray(), Stop);
        _peer.Shutdown(SocketShutdown.Send);
        await HeardAsync();
        _user.Bytes.ShouldBe(0);

        await _test.DoAsync(_connection.Resume);
        await _user.Ended.WaitAsync(LoopUnderTest.Limit, Stop);
        _user.Bytes.ShouldBe(5);
    }

    [Fact]
    public async Task More_than_one_read_takes_is_told_whole()
    {
        const int many = 4 * EventLoop.BufferBytes;
        var user = new HeardUser { Wanted = many };
        await ConnectAsync(user);
        var sent = _peer.SendAsync(new byte[many], Stop);
        await HeardAsync();
        await _test.DoAsync(_connection.Resume);
        await user.Enough.WaitAsync(LoopUnderTest.Limit, Stop);
        await sent;
        user.Bytes.ShouldBe(many);
    }

    [Fact]
    public async Task A_pause_within_a_read_keeps_the_rest_for_later()
    {
        const int many = 2 * EventLoop.BufferBytes;
        var user = new HeardUser { Wanted = many };
        user.OnFirst = () => _connection.Pause();
        await ConnectAsync(user);
        var sent = _peer.SendAsync(new byte[many], Stop);
        await _test.DoAsync(_connection.Resume);
        await HeardAsync();
        user.Bytes.ShouldBeLessThan(many);

        await _test.DoAsync(_connection.Resume);
        await user.Enough.WaitAsync(LoopUnderTest.Limit, Stop);
        await sent;
    }

    [Fact]
    public async Task An_end_that_came_before_anybody_watched_for_it_is_told()
    {
        await ConnectAsync(_user);
        await _test.DoAsync(_connection.Resume);
        await _test.DoAsync(_connection.Pause);
        _peer.Shutdown(SocketShutdown.Send);
        await HeardAsync();
        _user.Ended.IsCompleted.ShouldBeFalse();

        await _test.DoAsync(() => _connection.WatchesEnd = true);
        await _user.Ended.WaitAsync(LoopUnderTest.Limit, Stop);
    }

    [Fact]
    public async Task What_the_peer_did_not_take_at_once_is_sent_when_it_reads()
    {
        const int many = 32 * 1024 * 1024;
        await ConnectAsync(_user);
        await _test.DoAsync(() => _connection.Send(new byte[many]));
        await _test.DoAsync(() => _connection.IsBlocked.ShouldBeTrue());

        var buffer = new byte[1024 * 1024];
        for (var left = many; left > 0;)
            left -= await _peer.ReceiveAsync(buffer, Stop).AsTask().WaitAsync(LoopUnderTest.Limit, Stop);
        await _user.Drained.WaitAsync(LoopUnderTest.Limit, Stop);
    }

    [Fact]
    public async Task What_comes_while_it_moves_is_told_on_the_other_loop()
    {
        await ConnectAsync(_user);
        await _test.DoAsync(_connection.Resume);
        var isThere = false;
        _user.OnFirst = () => isThere = _other.IsHere;
        await _test.DoAsync(() =>
        {
            _connection.MoveTo(_other, _connection.Resume);
            _ = _peer.Send("words"u8);
        });
        await _user.Enough.WaitAsync(LoopUnderTest.Limit, Stop);
        isThere.ShouldBeTrue();
    }
}
