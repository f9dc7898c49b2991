using System.Net.Sockets;
using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Lease;

/// <summary>The supervisor's fence socket, spoken with blocking calls: one line of JSON there, one back.</summary>
internal sealed class FenceLink(string path) : IFenceLink, IDisposable
{
    /// <summary>Longer than that the supervisor is not well, and the renewal does not count.</summary>
    const int AnswerMs = 150;
    const int AnswerBytesMax = 8 * 1024;
    readonly byte[] _answer = new byte[AnswerBytesMax];
    Socket? _socket;
    bool _silent;

    public bool TryPut(FenceTicket ticket) => Ask(new FenceRequest { Put = ticket }) is { Ok: true };

    public FenceTicket? TryGet() => Ask(new FenceRequest { Get = true })?.Ticket;

    // A connection that the supervisor dropped by restarting fails at once, and a second try makes a new one. Silence
    // is not tried again: the lease's thread has a deadline of its own.
    FenceAnswer? Ask(FenceRequest request) => AskOnce(request) ?? (_silent ? null : AskOnce(request));

    FenceAnswer? AskOnce(FenceRequest request)
    {
        _silent = false;
        try
        {
            var socket = _socket ??= Connect();
            socket.Send([.. JsonSerializer.SerializeToUtf8Bytes(request, FenceJson.Default.FenceRequest), (byte)'\n']);
            var length = 0;
            while (length == 0 || _answer[length - 1] != '\n')
            {
                var read = socket.Receive(_answer.AsSpan(length));
                if (read == 0 || length + read == AnswerBytesMax)
                    throw new IOException("the supervisor closed the fence socket");
                length += read;
            }
            return JsonSerializer.Deserialize(_answer.AsSpan(0, length), FenceJson.Default.FenceAnswer);
        }
        catch (Exception failure) when (failure is SocketException or IOException or JsonException)
        {
            _silent = failure is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock };
            Dispose();
            return null;
        }
    }

    Socket Connect()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            SendTimeout = AnswerMs,
            ReceiveTimeout = AnswerMs,
        };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
