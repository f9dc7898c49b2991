using System.Net;
using System.Net.Sockets;
using Holdfast.PgProxy.Loops;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.PgProxy.Loops;

/// <summary>The kernel tells once what has come: nothing of it may be forgotten.</summary>
public sealed class ConnectionTests : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    readonly EventLoop _loop = new(0, NullLogger.Instance), _other = new(1, NullLogger.Instance);
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly User _user = new();
    Socket _peer = null!;
    Connection _connection = null!;

    public ConnectionTests()
    {
        _loop.Start();
        _other.Start();
        _listener.Start();
    }

    public void Dispose()
    {
        _loop.Dispose();
        _other.Dispose();
        _peer?.Dispose();
        _listener.Dispose();
    }

    sealed class User : ConnectionUser
    {
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Drained { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Enough { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public int Bytes { get; private set; }
        public int Wanted { get; init; } = 1;
        public Action? OnFirst { get; set; }

        public override void OnBytes(ReadOnlySpan<byte> bytes)
        {
            Bytes += bytes.Length;
            OnFirst?.Invoke();
            OnFirst = null;
            if (Bytes >= Wanted)
                Enough.TrySetResult();
        }

        public override void OnDrained() => Drained.TrySetResult();
        public override void OnEnded() => Ended.TrySetResult();
    }

    async Task ConnectAsync(User user)
    {
        var connecting = Task.FromResult(SocketError.NotConnected);
        await OnLoopAsync(() => (_connection, connecting) = Connection.Connect(
            _loop, (IPEndPoint)_listener.LocalEndpoint, unackedMs: 60_000, user));
        _peer = await _listener.AcceptSocketAsync(Stop).AsTask().WaitAsync(Limit, Stop);
        (await connecting.WaitAsync(Limit, Stop)).ShouldBe(SocketError.Success);
    }

    // Whatever the kernel had to tell until now has been heard.
    static async Task HeardAsync(EventLoop loop)
    {
        for (var turns = 0; turns < 3; turns++)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(turn.SetResult);
            await turn.Task.WaitAsync(Limit, Stop);
        }
    }

    Task OnLoopAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            work();
            done.SetResult();
        });
        return done.Task.WaitAsync(Limit, Stop);
    }

    [Fact]
    public async Task What_came_while_it_was_paused_and_the_end_behind_it_are_told()
    {
        await ConnectAsync(_user);
        await _peer.SendAsync("words"u8.ToArray(), Stop);
        _peer.Shutdown(SocketShutdown.Send);
        await HeardAsync(_loop);
        _user.Bytes.ShouldBe(0);

        await OnLoopAsync(_connection.Resume);
        await _user.Ended.Task.WaitAsync(Limit, Stop);
        _user.Bytes.ShouldBe(5);
    }

    [Fact]
    public async Task More_than_one_read_takes_is_told_whole()
    {
        const int many = 4 * EventLoop.BufferBytes;
        var user = new User { Wanted = many };
        await ConnectAsync(user);
        var sent = _peer.SendAsync(new byte[many], Stop);
        await HeardAsync(_loop);
        await OnLoopAsync(_connection.Resume);
        await user.Enough.Task.WaitAsync(Limit, Stop);
        await sent;
        user.Bytes.ShouldBe(many);
    }

    [Fact]
    public async Task A_pause_within_a_read_keeps_the_rest_for_later()
    {
        const int many = 2 * EventLoop.BufferBytes;
        var user = new User { Wanted = many };
        user.OnFirst = () => _connection.Pause();
        await ConnectAsync(user);
        var sent = _peer.SendAsync(new byte[many], Stop);
        await OnLoopAsync(_connection.Resume);
        await HeardAsync(_loop);
        user.Bytes.ShouldBeLessThan(many);

        await OnLoopAsync(_connection.Resume);
        await user.Enough.Task.WaitAsync(Limit, Stop);
        await sent;
    }

    [Fact]
    public async Task An_end_that_came_before_anybody_watched_for_it_is_told()
    {
        await ConnectAsync(_user);
        await OnLoopAsync(_connection.Resume);
        await OnLoopAsync(_connection.Pause);
        _peer.Shutdown(SocketShutdown.Send);
        await HeardAsync(_loop);
        _user.Ended.Task.IsCompleted.ShouldBeFalse();

        await OnLoopAsync(() => _connection.WatchesEnd = true);
        await _user.Ended.Task.WaitAsync(Limit, Stop);
    }

    [Fact]
    public async Task What_the_peer_did_not_take_at_once_is_sent_when_it_reads()
    {
        const int many = 32 * 1024 * 1024;
        await ConnectAsync(_user);
        await OnLoopAsync(() => _connection.Send(new byte[many]));
        await OnLoopAsync(() => _connection.IsBlocked.ShouldBeTrue());

        var buffer = new byte[1024 * 1024];
        for (var left = many; left > 0;)
            left -= await _peer.ReceiveAsync(buffer, Stop).AsTask().WaitAsync(Limit, Stop);
        await _user.Drained.Task.WaitAsync(Limit, Stop);
    }

    [Fact]
    public async Task What_comes_while_it_moves_is_told_on_the_other_loop()
    {
        await ConnectAsync(_user);
        await OnLoopAsync(_connection.Resume);
        var isThere = false;
        _user.OnFirst = () => isThere = _other.IsHere;
        await OnLoopAsync(() =>
        {
            _connection.MoveTo(_other, _connection.Resume);
            _ = _peer.Send("words"u8);
        });
        await _user.Enough.Task.WaitAsync(Limit, Stop);
        isThere.ShouldBeTrue();
    }
}
