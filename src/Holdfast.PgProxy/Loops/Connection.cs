using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Holdfast.Foundation;

namespace Holdfast.PgProxy.Loops;

/// <summary>
/// A TCP connection of a loop: what arrives is given to its user at once, what the kernel does not take at once is
/// kept and sent later. On the loop's thread only.
/// </summary>
internal sealed class Connection : Polled
{
    readonly int _socket;
    EventLoop _loop;
    int _slot;
    uint _armed;
    byte[] _pending = [];
    int _from, _to;
    bool _isClosed, _isPaused, _hasEnded;
    TaskCompletionSource<SocketError>? _connecting;
    RawSide? _raw;
    SslStream? _tls;

    /// <param name="loop">The one that we are on.</param>
    /// <param name="socket">Connected, or about to be; not blocking. Ours from now on.</param>
    /// <param name="user">Told from the moment that <see cref="Resume"/> is called.</param>
    public Connection(EventLoop loop, int socket, ConnectionUser user)
    {
        (_loop, _socket, User, _isPaused) = (loop, socket, user, true);
        (_slot, Data) = loop.Add(this);
    }

    public ConnectionUser User { get; set; }

    /// <summary>While it is paused, an end of the peer is told all the same, at the price of what it sent.</summary>
    public bool WatchesEnd { get; set; }

    /// <summary>Some of what was sent waits for the peer to read.</summary>
    public bool IsBlocked => _to > _from;

    public bool IsClosed => _isClosed;

    /// <summary>Our own end; null: it is closed.</summary>
    public IPEndPoint? Local => _isClosed ? null : Sockets.LocalOf(_socket);

    /// <summary>Begins to connect; the socket error, or none. One that is closed meanwhile never completes.</summary>
    public static (Connection Connection, Task<SocketError> Connected) Connect(
        EventLoop loop, IPEndPoint to, int unackedMs, ConnectionUser user)
    {
        var socket = Sockets.Create(to.AddressFamily, unackedMs);
        var error = Sockets.BeginConnect(socket, to);
        var connection = new Connection(loop, socket, user);
        if (error != SocketError.InProgress)
            return (connection, Task.FromResult(error));
        connection._connecting = new TaskCompletionSource<SocketError>();
        connection.Arm();
        return (connection, connection._connecting.Task);
    }

    /// <summary>Nothing more is read until <see cref="Resume"/>.</summary>
    public void Pause() => _isPaused = true; // The kernel is told when something comes: mostly nothing does.

    public void Resume()
    {
        _isPaused = false;
        if (!_isClosed && (_armed & Libc.In) == 0)
            Arm();
    }

    /// <summary>Sends, or keeps until the peer reads.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (_isClosed || bytes.IsEmpty)
            return;
        if (_tls is null)
            SendRaw(bytes);
        else
            _tls.Write(bytes);
    }

    /// <summary>Encrypts from here on, once <paramref name="handshake"/> is over. What comes next comes in
    /// clear.</summary>
    /// <param name="first">What has been read of the handshake already.</param>
    /// <param name="handshake">Of either side.</param>
    /// <exception cref="AuthenticationException">There is nothing in common, or a certificate is not good.</exception>
    /// <exception cref="IOException">The peer went.</exception>
    public async Task<SslStream> SecureAsync(ReadOnlyMemory<byte> first, Func<SslStream, Task> handshake)
    {
        _raw = new RawSide(this);
        _raw.Feed(first.Span);
        var tls = new SslStream(_raw);
        Resume();
        await handshake(tls);
        _tls = tls;
        _ = PumpAsync(tls);
        return tls;
    }

    // Waits without a buffer: an idle connection holds none.
    async Task PumpAsync(SslStream tls)
    {
        var buffer = Array.Empty<byte>();
        try
        {
            while (!_isClosed)
            {
                await tls.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                buffer = ArrayPool<byte>.Shared.Rent(EventLoop.BufferBytes);
                var count = await tls.ReadAsync(buffer).ConfigureAwait(false);
                if (count == 0)
                    break;
                _loop.Enter(() => User.OnBytes(buffer.AsSpan(0, count)));
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = [];
            }
        }
        catch (IOException)
        {
            // It broke in the middle of a record.
        }
        catch (Exception broken)
        {
            _loop.Report(broken);
        }
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        if (!_isClosed)
            _loop.Enter(End);
    }

    internal void SendRaw(ReadOnlySpan<byte> bytes)
    {
        if (_isClosed || bytes.IsEmpty)
            return;
        if (!IsBlocked)
            bytes = bytes[TrySend(bytes)..];
        if (bytes.IsEmpty)
            return;
        Keep(bytes);
        Arm();
    }

    // A connection that broke takes everything: reading it tells so.
    unsafe int TrySend(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            while (true)
            {
                var sent = Libc.Send(_socket, first, bytes.Length, Libc.NoSignal);
                if (sent >= 0)
                    return (int)sent;
                var error = Libc.ErrorNow;
                if (error != Libc.Interrupted)
                    return error == Libc.Again ? 0 : bytes.Length;
            }
        }
    }

    void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_to + bytes.Length > _pending.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_to - _from + bytes.Length);
            _pending.AsSpan(_from, _to - _from).CopyTo(larger);
            (_from, _to) = (0, _to - _from);
            ArrayPool<byte>.Shared.Return(_pending);
            _pending = larger;
        }
        bytes.CopyTo(_pending.AsSpan(_to));
        _to += bytes.Length;
    }

    void Flush()
    {
        _from += TrySend(_pending.AsSpan(_from, _to - _from));
        if (IsBlocked)
            return;
        ForgetPending();
        Arm();
        User.OnDrained();
    }

    void ForgetPending()
    {
        if (_pending.Length > 0)
            ArrayPool<byte>.Shared.Return(_pending);
        (_pending, _from, _to) = ([], 0, 0);
    }

    // A peer that hung up is told of all the time; so what is not asked for at all is taken out of the set.
    void Arm()
    {
        var wanted = (_isPaused ? WatchesEnd ? Libc.PeerClosed : 0 : Libc.In)
            | (IsBlocked || _connecting is not null ? Libc.Out : 0);
        if (wanted == _armed)
            return;
        _loop.Control(
            _armed == 0 ? Libc.EpollAdd : wanted == 0 ? Libc.EpollDelete : Libc.EpollModify, _socket, wanted, Data);
        _armed = wanted;
    }

    public override void OnEvents(uint events)
    {
        if (_connecting is { } connecting)
        {
            _connecting = null;
            Arm();
            connecting.SetResult(Sockets.ErrorOf(_socket));
            return;
        }
        if (IsBlocked && (events & (Libc.Out | Libc.Error | Libc.HangUp)) != 0)
            Flush();
        if (_isClosed || (events & ~Libc.Out) == 0)
            return;
        if (!_isPaused)
            Read();
        else if (WatchesEnd && (events & (Libc.PeerClosed | Libc.Error | Libc.HangUp)) != 0)
            End();
        else
            Arm();
    }

    unsafe void Read()
    {
        var input = _loop.Input;
        var count = Libc.Receive(_socket, input, EventLoop.BufferBytes, 0);
        if (count > 0 && _raw is null)
            User.OnBytes(new ReadOnlySpan<byte>(input, (int)count));
        else if (count > 0)
            _raw!.Feed(new ReadOnlySpan<byte>(input, (int)count));
        else if (count == 0 || Libc.ErrorNow is not (Libc.Again or Libc.Interrupted))
            End();
    }

    void End()
    {
        _isPaused = true;
        WatchesEnd = false;
        Arm();
        if (_hasEnded)
            return;
        _hasEnded = true;
        _raw?.End();
        User.OnEnded();
    }

    public override void Fail()
    {
        if (!_isClosed)
            End();
    }

    /// <summary>Belongs to another loop from now on, paused; then <paramref name="then"/> runs there.</summary>
    public void MoveTo(EventLoop loop, Action then)
    {
        Check.That(!_isClosed); // Its place is free already.
        Pause();
        WatchesEnd = false;
        Arm();
        _loop.Remove(_slot);
        _loop = loop;
        loop.Post(() =>
        {
            (_slot, Data) = loop.Add(this);
            then();
        });
    }

    /// <summary>Says that nothing more comes from us.</summary>
    public void CloseHalf() => Libc.Shutdown(_socket, Libc.ShutWrite);

    /// <summary>Ends it by a reset: the peer takes nothing for a proper end.</summary>
    public void Reset()
    {
        if (!_isClosed)
            Sockets.LingerNot(_socket);
        Close();
    }

    /// <summary>What is not sent yet is lost. Its user hears nothing more.</summary>
    public override void Close()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _armed = 0;
        ForgetPending();
        _loop.Remove(_slot);
        Libc.Close(_socket); // Takes it out of the set, too.
        _raw?.End();
    }
}
