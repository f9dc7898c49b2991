using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Holdfast.Postgres.Wire;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>
/// A server that reads every message and answers it as PostgreSQL would answer something simple: each statement gives
/// its own text as a row. It notes what PostgreSQL must never be sent. Connections to the database <see cref="Mad"/>
/// have their answers mutilated.
/// </summary>
sealed class ParsingPostgres : IAsyncDisposable
{
    public const string Mad = "mad";

    const int BufferBytes = 64 * 1024, ViolationsMax = 100;

    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentBag<Task> _sessions = [];
    readonly Mutation _mutation;
    readonly Task _accepting;
    long _messages;

    public ParsingPostgres(Mutation mutation)
    {
        _mutation = mutation;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(100);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Messages read.</summary>
    public long Messages => Interlocked.Read(ref _messages);

    /// <summary>What no server may be sent.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

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

    async Task ServeAsync(Socket socket)
    {
        using var owned = socket;
        try
        {
            socket.NoDelay = true;
            if (await StartupAsync(socket) is not { } startup)
                return;
            var isMad = startup.Database == Mad;
            var answers = new ParsedAnswers(isMad ? _mutation : null);
            var isBroken = isMad && _mutation.Below(4) == 0;
            await socket.SendAsync(
                isBroken ? _mutation.OfAnswer(ParsedAnswers.Welcome) : ParsedAnswers.Welcome, _stop.Token);
            await ReadAsync(socket, answers);
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or EndOfStreamException)
        {
            // The peer went, or the test is over.
        }
    }

    async Task<StartupParameters?> StartupAsync(Socket socket)
    {
        var (buffer, filled) = (new byte[StartupPacket.BytesMax], 0);
        while (true)
        {
            filled += await ReceiveAsync(socket, buffer.AsMemory(filled));
            switch (StartupPacket.Read(buffer.AsSpan(0, filled), out var packet))
            {
                case StartupRead.NeedMore:
                    continue;
                case StartupRead.Broken:
                    Violated("a startup packet that is none");
                    return null;
            }
            if (packet.Kind == StartupKind.CancelRequest)
                return null;
            if (packet.Kind != StartupKind.Startup)
            {
                await socket.SendAsync("N"u8.ToArray(), _stop.Token);
                filled = 0;
                continue;
            }
            var startup = StartupParameters.Read(buffer.AsSpan(0, packet.Bytes));
            if (startup is null || filled != packet.Bytes)
                Violated("a startup message that is broken, or not alone");
            return startup;
        }
    }

    // Whole messages, but for the long ones, whose bodies are dropped as they come.
    async Task ReadAsync(Socket socket, ParsedAnswers answers)
    {
        var (buffer, filled, toDrop) = (new byte[BufferBytes], 0, 0L);
        while (true)
        {
            filled += await ReceiveAsync(socket, buffer.AsMemory(filled));
            var at = (int)Math.Min(toDrop, filled);
            toDrop -= at;
            while (toDrop == 0 && MessageHeader.FromClient(buffer.AsSpan(at, filled - at), out var header) is var read
                && read != HeaderRead.NeedMore)
            {
                if (read == HeaderRead.Broken || header.Tag == ClientMessage.Password)
                {
                    Violated($"a message that begins {Convert.ToHexString(buffer, at, Math.Min(5, filled - at))}");
                    return;
                }
                Interlocked.Increment(ref _messages);
                var isLong = header.WholeBytes > buffer.Length;
                if (!isLong && header.WholeBytes > filled - at)
                    break;
                if (header.Tag == ClientMessage.Terminate)
                    return;
                var body = buffer.AsSpan(at + MessageHeader.Bytes, isLong ? 0 : header.BodyBytes);
                answers.Take(header.Tag, body, isLong);
                var here = (int)Math.Min(header.WholeBytes, filled - at);
                toDrop = header.WholeBytes - here;
                at += here;
            }
            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
            if (answers.IsDue && !await SendAsync(socket, answers.Flush()))
                return;
        }
    }

    // False: it ends here, as a mad server may.
    async Task<bool> SendAsync(Socket socket, byte[] bytes)
    {
        await socket.SendAsync(bytes, _stop.Token);
        return bytes.Length > 0;
    }

    void Violated(string what)
    {
        if (Violations.Count < ViolationsMax)
            Violations.Enqueue(what);
    }

    async Task<int> ReceiveAsync(Socket socket, Memory<byte> into)
    {
        var count = await socket.ReceiveAsync(into, _stop.Token);
        return count > 0 ? count : throw new EndOfStreamException();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }
}
