using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Lab.Proxies;

/// <summary>A client was told no.</summary>
sealed class RefusedException(string code, string message) : Exception($"{code}: {message}")
{
    public string Code { get; } = code;
}

/// <summary>
/// A client that speaks just enough of PostgreSQL's protocol to log in by SCRAM-SHA-256 and to ask one thing after the
/// other, and has a socket and nothing else: ten thousand of them fit into a process.
/// </summary>
sealed class BareClient : IDisposable
{
    const int MessageBytesMax = 8 * 1024, HeaderBytes = 5, ProtocolVersion = 3 << 16;

    readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <param name="port">On this machine.</param>
    /// <param name="user">Also what its statements run as.</param>
    /// <param name="options">Of its server; clients with others have another pool.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="SocketException">Nobody is there.</exception>
    /// <exception cref="RefusedException">The login was refused.</exception>
    public static async Task<BareClient> LoginAsync(int port, string user, string options, CancellationToken stop)
    {
        var client = new BareClient();
        try
        {
            await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stop);
            await client.LoginAsync(user, options, stop);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    async Task LoginAsync(string user, string options, CancellationToken stop)
    {
        var more = options.Length == 0 ? "" : $"options\0{options}\0";
        var values = Encoding.ASCII.GetBytes($"user\0{user}\0database\0{Stage.Database}\0{more}\0");
        var startup = new byte[(2 * sizeof(int)) + values.Length];
        BinaryPrimitives.WriteInt32BigEndian(startup, startup.Length);
        BinaryPrimitives.WriteInt32BigEndian(startup.AsSpan(sizeof(int)), ProtocolVersion);
        values.CopyTo(startup, 2 * sizeof(int));
        await _socket.SendAsync(startup, stop);
        var first = Scram.First();
        await HearAsync((tag, body) => tag != 'R' ? null : BinaryPrimitives.ReadInt32BigEndian(body) switch
        {
            10 => Message('p', [.. "SCRAM-SHA-256\0"u8, .. Length(first.Length + 3), .. Ascii($"n,,{first}")]),
            11 => Message('p', Ascii(
                Scram.Proof(first, Encoding.ASCII.GetString(body[sizeof(int)..]), Stage.Password))),
            0 or 12 => null,
            _ => throw new LabException("a bare client knows SCRAM-SHA-256 and nothing else"),
        }, stop);
    }

    /// <summary>Asks, and waits until the server is ready again.</summary>
    public async Task AskAsync(string sql, CancellationToken stop)
    {
        await _socket.SendAsync(Message('Q', Ascii(sql + "\0")), stop);
        await HearAsync((_, _) => null, stop);
    }

    delegate byte[]? Answer(char tag, ReadOnlySpan<byte> body);

    // Until ReadyForQuery, answering what is asked.
    async Task HearAsync(Answer answer, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MessageBytesMax);
        try
        {
            var (from, to, isReady) = (0, 0, false);
            while (!isReady)
            {
                if (from > 0)
                    buffer.AsSpan(from, to - from).CopyTo(buffer);
                (from, to) = (0, to - from);
                var count = await _socket.ReceiveAsync(buffer.AsMemory(to), stop);
                if (count == 0)
                    throw new RefusedException("08006", "closed");
                to += count;
                while (!isReady && Take(buffer.AsSpan(from, to - from), out var bytes))
                {
                    var (tag, body) = ((char)buffer[from], buffer.AsMemory(from + HeaderBytes, bytes - HeaderBytes));
                    from += bytes;
                    if (tag == 'E')
                        throw new RefusedException(Field(body.Span, 'C'), Field(body.Span, 'M'));
                    isReady = tag == 'Z';
                    if (answer(tag, body.Span) is { } reply)
                        await _socket.SendAsync(reply, stop);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static bool Take(ReadOnlySpan<byte> input, out int bytes)
    {
        bytes = input.Length < HeaderBytes ? int.MaxValue : BinaryPrimitives.ReadInt32BigEndian(input[1..]) + 1;
        return bytes <= input.Length;
    }

    static string Field(ReadOnlySpan<byte> error, char kind)
    {
        foreach (var field in Encoding.UTF8.GetString(error).Split('\0'))
        {
            if (field.Length > 0 && field[0] == kind)
                return field[1..];
        }
        return "";
    }

    static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    static byte[] Length(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    static byte[] Message(char tag, byte[] body) => [(byte)tag, .. Length(body.Length + sizeof(int)), .. body];

    public void Dispose()
    {
        // A reset, so that the port is free at once.
        if (_socket.Connected)
            _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }
}
