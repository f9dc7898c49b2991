using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Holdfast.Lab.Proxies;
using Holdfast.Lab.Workloads;

namespace Holdfast.Lab.Doubt;

/// <summary>
/// A plain client of PostgreSQL's protocol that hides nothing: no pool, no retry, no cancel of its own, and each answer
/// as it came. One question at a time.
/// </summary>
sealed class WireClient : IDisposable
{
    /// <summary>More than any fault of these checks lasts: who gets no answer within it is in doubt.</summary>
    static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    const int ProtocolVersion = 3 << 16, CancelCode = 80877102;

    readonly Socket _socket;
    readonly WireReader _reader;
    byte[] _key = [];

    WireClient(Socket socket) => (_socket, _reader) = (socket, new WireReader(socket));

    /// <summary>What cancels whatever it is doing: sent over a connection of its own.</summary>
    public ReadOnlyMemory<byte> CancelRequest => _key;

    /// <param name="socket">Connected; the client's from here on.</param>
    /// <param name="who">Logs in.</param>
    /// <param name="stop">Ends the login.</param>
    /// <returns>Null where the login did not succeed.</returns>
    public static async Task<WireClient?> TryLoginAsync(Socket socket, Credentials who, CancellationToken stop)
    {
        var client = new WireClient(socket);
        var first = Scram.First();
        var values = Encoding.UTF8.GetBytes(
            $"user\0{who.User}\0database\0{who.Database}\0application_name\0lab\0\0");
        byte[] startup = [.. Number(values.Length + (2 * sizeof(int))), .. Number(ProtocolVersion), .. values];
        var answer = await client.AnswerAsync(startup, body => Reply(body, first, who.Password), stop);
        if (answer.IsSuccess)
            return client;
        client.Dispose();
        return null;
    }

    static byte[]? Reply(ReadOnlySpan<byte> body, string first, string password) =>
        BinaryPrimitives.ReadInt32BigEndian(body) switch
        {
            10 => Message('p', [.. "SCRAM-SHA-256\0"u8, .. Number(first.Length + 3), .. Text($"n,,{first}")]),
            11 => Message('p', Text(Scram.Proof(first, WireReader.Text(body[sizeof(int)..]), password))),
            0 or 12 => null,
            _ => throw new LabException("the lab's own client knows SCRAM-SHA-256 and nothing else"),
        };

    /// <summary>By a simple query.</summary>
    public Task<WireAnswer> AskAsync(string sql, CancellationToken stop) =>
        AnswerAsync(Message('Q', Text(sql + "\0")), static _ => null, stop);

    /// <summary>By Parse, Bind, Execute and Sync, all unnamed.</summary>
    public Task<WireAnswer> ExecuteAsync(string sql, CancellationToken stop) => AnswerAsync(
        [
            .. Message('P', [0, .. Text(sql + "\0"), 0, 0]), .. Message('B', [0, 0, 0, 0, 0, 0, 0, 0]),
            .. Message('E', [0, 0, 0, 0, 0]), .. Message('S', []),
        ], static _ => null, stop);

    delegate byte[]? Respond(ReadOnlySpan<byte> authentication);

    async Task<WireAnswer> AnswerAsync(byte[] question, Respond respond, CancellationToken stop)
    {
        var (tag, error, rows) = ("", default(WireError), new List<string?[]>());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(AnswerLimit);
        try
        {
            _ = await _socket.SendAsync(question, limit.Token);
            while (await _reader.NextAsync(limit.Token) is { } message)
            {
                switch (message.Tag)
                {
                    case 'R' when respond(message.Body.Span) is { } more:
                        _ = await _socket.SendAsync(more, limit.Token);
                        break;
                    case 'K':
                        _key = [.. Number((2 * sizeof(int)) + message.Body.Length), .. Number(CancelCode),
                            .. message.Body.Span];
                        break;
                    case 'D':
                        rows.Add(WireReader.Row(message.Body.Span));
                        break;
                    case 'C':
                        tag = WireReader.Text(message.Body.Span);
                        break;
                    case 'E':
                        error ??= WireReader.Error(message.Body.Span);
                        break;
                    case 'Z':
                        return new WireAnswer(IsWhole: true, tag, error, (char)message.Body.Span[0], rows);
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
        }
        return new WireAnswer(IsWhole: false, tag, error, ' ', rows);
    }

    static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    static byte[] Number(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    static byte[] Message(char tag, byte[] body) => [(byte)tag, .. Number(body.Length + sizeof(int)), .. body];

    public void Dispose() => _socket.Dispose();
}
