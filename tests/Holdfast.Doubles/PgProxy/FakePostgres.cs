using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Postgres.Wire;

namespace Holdfast.Doubles.PgProxy;

public enum FakeMood
{
    /// <summary>Lets everybody in, then sends every byte back.</summary>
    Ready,

    /// <summary>57P03.</summary>
    StartingUp,

    /// <summary>Accepts, and never answers.</summary>
    Silent,

    /// <summary>Accepts, and closes without a word.</summary>
    Rude,

    /// <summary>Lets in as a hot standby does.</summary>
    Standby,
}

/// <summary>A server that speaks just enough of PostgreSQL to log in to; its application_name is its name.</summary>
public sealed class FakePostgres : IAsyncDisposable
{
    readonly string _name;
    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentBag<Task> _sessions = [];
    readonly Task _accepting;
    volatile FakeMood _mood;
    int _logins;

    public FakePostgres(string name, FakeMood mood = FakeMood.Ready)
    {
        (_name, _mood) = (name, mood);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(100);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;
    public FakeMood Mood { get => _mood; set => _mood = value; }

    /// <summary>Startup messages received.</summary>
    public int Logins => Volatile.Read(ref _logins);

    /// <summary>Cancel requests received, whole.</summary>
    public ConcurrentQueue<byte[]> Cancels { get; } = new();

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
            var (buffer, filled) = (new byte[64 * 1024], 0);
            while (true)
            {
                filled += await ReadSomeAsync(socket, buffer.AsMemory(filled));
                if (StartupPacket.Read(buffer.AsSpan(0, filled), out var packet) != StartupRead.Whole)
                    continue;
                if (packet.Kind == StartupKind.CancelRequest)
                {
                    Cancels.Enqueue(buffer[..packet.Bytes]);
                    return;
                }
                if (packet.Kind == StartupKind.Startup)
                    break;
                await socket.SendAsync("N"u8.ToArray(), _stop.Token);
                filled = 0;
            }
            Interlocked.Increment(ref _logins);
            await AnswerAsync(socket, buffer);
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or EndOfStreamException)
        {
            // The peer went, or the test is over.
        }
    }

    async Task AnswerAsync(Socket socket, byte[] buffer)
    {
        switch (_mood)
        {
            case FakeMood.Rude:
                return;
            case FakeMood.StartingUp:
                await socket.SendAsync(
                    ErrorResponse.Fatal(SqlState.CannotConnectNow, "the database system is starting up"), _stop.Token);
                return;
            case FakeMood.Silent:
                while (true)
                    await ReadSomeAsync(socket, buffer);
            default:
                await socket.SendAsync(Welcome(_name, _mood == FakeMood.Standby), _stop.Token);
                while (true)
                    await socket.SendAsync(buffer.AsMemory(0, await ReadSomeAsync(socket, buffer)), _stop.Token);
        }
    }

    async Task<int> ReadSomeAsync(Socket socket, Memory<byte> into)
    {
        var count = await socket.ReceiveAsync(into, _stop.Token);
        return count > 0 ? count : throw new EndOfStreamException();
    }

    /// <summary>What a server says once the login is done.</summary>
    public static byte[] Welcome(string name, bool isStandby) =>
    [
        .. Message('R', [0, 0, 0, 0]),
        .. Message('S', Encoding.ASCII.GetBytes($"application_name\0{name}\0")),
        .. Message('S', Encoding.ASCII.GetBytes($"in_hot_standby\0{(isStandby ? "on" : "off")}\0")),
        .. Message('K', [0, 0, 0, 1, 0, 0, 0, 2]),
        .. Message('Z', [(byte)'I']),
    ];

    public static byte[] Message(char tag, ReadOnlySpan<byte> body)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)tag;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message.AsSpan(5));
        return message;
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
