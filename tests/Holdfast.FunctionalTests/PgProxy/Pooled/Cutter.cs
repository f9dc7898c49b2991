using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Holdfast.Postgres.Wire;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>The messages that are counted.</summary>
public enum CutSide
{
    /// <summary>Those that the server is sent.</summary>
    Requests,

    /// <summary>Those that it sends.</summary>
    Answers,
}

/// <summary>Stands before a real server, and ends a connection after a message that was counted.</summary>
sealed class Cutter : IAsyncDisposable
{
    const int BufferBytes = 64 * 1024;

    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentBag<Task> _sessions = [];
    readonly Lock _counting = new();
    readonly int _serverPort;
    readonly Task _accepting;
    CutSide _side;
    int _messages, _bytes;
    bool _isArmed;

    public Cutter(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(100);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>True: the cut was made.</summary>
    public bool HasCut { get; private set; }

    /// <summary>Cuts once so many messages of sessions, and so many bytes of the next, have gone by from now on.
    /// Logins are not counted.</summary>
    public void CutAfter(CutSide side, int messages, int bytes)
    {
        lock (_counting)
            (_side, _messages, _bytes, _isArmed, HasCut) = (side, messages, bytes, true, false);
    }

    public void CutNothing()
    {
        lock (_counting)
            _isArmed = false;
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true)
                _sessions.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    async Task ServeAsync(Socket proxy)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var owned = proxy;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            proxy.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, _serverPort, over.Token);
            await StartAsync(proxy, server, over.Token);
            var session = new Session();
            await await Task.WhenAny(
                PumpAsync(proxy, server, CutSide.Requests, session, over.Token),
                PumpAsync(server, proxy, CutSide.Answers, session, over.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or EndOfStreamException)
        {
            // One of the two went, or was cut off.
        }
        await over.CancelAsync();
    }

    // The startup message as it is; TLS there is none.
    static async Task StartAsync(Socket proxy, Socket server, CancellationToken stop)
    {
        while (true)
        {
            var packet = new byte[sizeof(int)];
            await ReceiveAllAsync(proxy, packet, stop);
            var rest = new byte[BinaryPrimitives.ReadInt32BigEndian(packet) - sizeof(int)];
            await ReceiveAllAsync(proxy, rest, stop);
            byte[] whole = [.. packet, .. rest];
            StartupPacket.Read(whole, out var read);
            if (read.Kind is StartupKind.SslRequest or StartupKind.GssEncRequest)
            {
                await proxy.SendAsync("N"u8.ToArray(), stop);
                continue;
            }
            await server.SendAsync(whole, stop);
            return;
        }
    }

    static async Task ReceiveAllAsync(Socket from, Memory<byte> into, CancellationToken stop)
    {
        while (into.Length > 0)
        {
            var count = await from.ReceiveAsync(into, stop);
            into = into[(count > 0 ? count : throw new EndOfStreamException())..];
        }
    }

    async Task PumpAsync(Socket from, Socket to, CutSide side, Session session, CancellationToken stop)
    {
        var (buffer, filled) = (new byte[BufferBytes], 0);
        while (true)
        {
            var count = await from.ReceiveAsync(buffer.AsMemory(filled), stop);
            if (count == 0)
                return;
            filled += count;
            var at = 0;
            while (WholeMessage(side, buffer.AsSpan(at, filled - at)) is > 0 and var bytes)
            {
                var allowed = Allowed(side, session, bytes);
                await to.SendAsync(buffer.AsMemory(at, allowed), stop);
                if (allowed < bytes || IsDue(side, session))
                    return;
                session.IsIn |= side == CutSide.Answers && buffer[at] == ServerMessage.ReadyForQuery;
                at += bytes;
            }
            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
            if (filled == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length);
        }
    }

    static int WholeMessage(CutSide side, ReadOnlySpan<byte> input)
    {
        var read = side == CutSide.Requests
            ? MessageHeader.FromClient(input, out var header) : MessageHeader.FromServer(input, out header);
        return read == HeaderRead.Whole && header.WholeBytes <= input.Length ? (int)header.WholeBytes : 0;
    }

    // How much of a message may go by; it counts if it is whole.
    int Allowed(CutSide side, Session session, int bytes)
    {
        lock (_counting)
        {
            if (!_isArmed || side != _side || !session.IsIn)
                return bytes;
            if (_messages > 0)
            {
                _messages--;
                return bytes;
            }
            (_isArmed, HasCut) = (false, true);
            return Math.Min(_bytes, bytes - 1);
        }
    }

    // After the last one at once, where nothing more of the next is wanted.
    bool IsDue(CutSide side, Session session)
    {
        lock (_counting)
        {
            if (!_isArmed || side != _side || !session.IsIn || _messages > 0 || _bytes > 0)
                return false;
            (_isArmed, HasCut) = (false, true);
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    sealed class Session
    {
        public volatile bool IsIn;
    }
}
