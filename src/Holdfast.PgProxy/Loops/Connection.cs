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
/// <remarks>The kernel is told once what we want to hear, and tells once that there is something (epoll(7),
/// edge-triggered): it does not look again at a socket that was read, and nobody calls it when reading pauses. So what
/// it has told is kept here until it is used up.</remarks>
internal sealed class Connection : Polled
{
    const uint Reading = Libc.In | Libc.PeerClosed | Libc.EdgeTriggered, Writing = Reading | Libc.Out;

    readonly int _socket;
    EventLoop _loop;
    int _slot;
    uint _interest;
    byte[] _pending = [];
    int _from, _to;
    bool _isClosed, _isPaused, _hasEnded, _watchesEnd;

    // There may be something to read; the peer's end is behind it; a turn was asked for.
    bool _isUnread, _isEnding, _isAgain;

    // What was sent last goes at the end of the loop's turn, with others'.
    bool _isInBatch;
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
    public bool WatchesEnd
    {
        get => _watchesEnd;
        set
        {
            _watchesEnd = value;
            if (value && _isEnding)
                Again();
        }
    }

    /// <summary>Some of what was sent waits for the peer to read. Of what was sent in this turn it may not be known
    /// yet.</summary>
    public bool IsBlocked => _to > _from;

    /// <summary>Bytes that wait for the peer to read.</summary>
    public int BytesKept => _to - _from;

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
        connection.Watch(Writing);
        return (connection, connection._connecting.Task);
    }

    /// <summary>Nothing more is read until <see cref="Resume"/>.</summary>
    public void Pause() => _isPaused = true;

    public void Resume()
    {
        _isPaused = false;
        if (_interest == 0 && !_isClosed)
        {
            Watch(Reading);
            // Whoever was accepted has mostly said something already.
            _isUnread = true;
        }
        if (_isUnread)
            Again();
    }

    // Later in this turn: whoever calls is in the middle of something.
    void Again()
    {
        if (_isAgain || _isClosed)
            return;
        _isAgain = true;
        _loop.Again(this);
    }

    // Nobody is asked about writing before something could not be written: it would be told at once that he may.
    void Watch(uint interest)
    {
        if (interest == _interest)
            return;
        _loop.Control(_interest == 0 ? Libc.EpollAdd : Libc.EpollModify, _socket, interest, Data);
        _interest = interest;
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

    /// <summary>The same, not at the turn's end: for a peer that does nothing but wait for it.</summary>
    public void SendAtOnce(ReadOnlySpan<byte> bytes)
    {
        Send(bytes);
        SubmitOwn();
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
        // What was sent before it goes before it, as far as it goes.
        SubmitOwn();
        _isInBatch = !IsBlocked && _loop.Sends.TryAdd(this, _socket, bytes);
        if (_isInBatch)
            return;
        if (!IsBlocked)
            bytes = bytes[TrySend(bytes)..];
        if (bytes.IsEmpty)
            return;
        Keep(bytes);
        Watch(Writing);
    }

    /// <summary>What became of a piece that went with others'.</summary>
    /// <param name="bytes">The piece.</param>
    /// <param name="result">How many of them were taken; below zero: the error.</param>
    internal void OnSubmitted(ReadOnlySpan<byte> bytes, int result)
    {
        _isInBatch = false;
        var sent = result >= 0 ? result : result is -Libc.Again or -Libc.Interrupted ? 0 : bytes.Length;
        if (sent == bytes.Length)
            return;
        try
        {
            Keep(bytes[sent..]);
            Watch(Writing);
        }
        catch (IOException) // Nobody would tell us when the peer reads.
        {
            _loop.Post(Fail); // Whoever submits is in the middle of something.
        }
    }

    // What is to be sent before something happens to the socket.
    void SubmitOwn()
    {
        if (_isInBatch)
            _loop.Sends.Submit();
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
        User.OnDrained();
    }

    void ForgetPending()
    {
        if (_pending.Length > 0)
            ArrayPool<byte>.Shared.Return(_pending);
        (_pending, _from, _to) = ([], 0, 0);
    }

    public override void OnEvents(uint events)
    {
        _isAgain &= events != 0;
        var isEnding = (events & (Libc.PeerClosed | Libc.Error | Libc.HangUp)) != 0;
        _isEnding |= isEnding;
        _isUnread |= isEnding || (events & Libc.In) != 0;
        if (_connecting is { } connecting)
        {
            if (!isEnding && (events & Libc.Out) == 0)
                return;
            _connecting = null;
            connecting.SetResult(Sockets.ErrorOf(_socket));
            return;
        }
        if (IsBlocked && (isEnding || (events & Libc.Out) != 0))
            Flush();
        if (_isClosed || !_isUnread)
            return;
        if (!_isPaused)
            Read();
        else if (_watchesEnd && _isEnding)
            End();
    }

    unsafe void Read()
    {
        var input = _loop.Input;
        var count = (int)Libc.Receive(_socket, input, EventLoop.BufferBytes);
        if (count <= 0)
        {
            ReadNothing(count == 0 ? 0 : Libc.ErrorNow);
            return;
        }
        // Less than there was room for: that was all of it.
        _isUnread = count == EventLoop.BufferBytes || _isEnding;
        if (_isUnread)
            Again();
        if (_raw is null)
            User.OnBytes(new ReadOnlySpan<byte>(input, count));
        else
            _raw.Feed(new ReadOnlySpan<byte>(input, count));
    }

    void ReadNothing(int error)
    {
        if (error == Libc.Interrupted)
            Again();
        else if (error == Libc.Again)
            _isUnread = false;
        else
            End();
    }

    void End()
    {
        _isPaused = true;
        _watchesEnd = false;
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
        SubmitOwn();
        Pause();
        if (_interest != 0)
            _loop.Control(Libc.EpollDelete, _socket, 0, Data);
        _loop.Remove(_slot);
        // What comes meanwhile is told when it is watched again.
        (_interest, _watchesEnd, _isUnread, _isEnding, _isAgain) = (0, false, false, false, false);
        _loop = loop;
        loop.Post(() =>
        {
            (_slot, Data) = loop.Add(this);
            then();
        });
    }

    /// <summary>Says that nothing more comes from us, unless some of what was sent waits for the peer to
    /// read.</summary>
    public void CloseHalf()
    {
        SubmitOwn();
        if (!IsBlocked)
            Libc.Shutdown(_socket, Libc.ShutWrite);
    }

    /// <summary>Ends it by a reset: the peer takes nothing for a proper end.</summary>
    public void Reset()
    {
        SubmitOwn();
        if (!_isClosed)
            Sockets.LingerNot(_socket);
        Close();
    }

    /// <summary>What is not sent yet is lost. Its user hears nothing more.</summary>
    public override void Close()
    {
        if (_isClosed)
            return;
        SubmitOwn();
        _isClosed = true;
        ForgetPending();
        _loop.Remove(_slot);
        Libc.Close(_socket); // Takes it out of the set, too.
        _raw?.End();
    }
}
