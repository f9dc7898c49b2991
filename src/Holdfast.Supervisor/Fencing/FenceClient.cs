using System.Net.Sockets;

namespace Holdfast.Supervisor.Fencing;

/// <summary>One connection to the fence socket, and what it has sent of its next line.</summary>
internal sealed class FenceClient : IDisposable
{
    const int LineBytesMax = 16 * 1024;
    const int SendLimitMilliseconds = 200;

    readonly byte[] _buffer = new byte[LineBytesMax];
    int _filled;

    public FenceClient(Socket socket)
    {
        Socket = socket;
        socket.SendTimeout = SendLimitMilliseconds;
    }

    public Socket Socket { get; }

    public void Dispose() => Socket.Dispose();

    /// <summary>Called when there is something to receive; false when the client has gone, or its line is too
    /// long.</summary>
    public bool TryReceive()
    {
        if (_filled == _buffer.Length)
            return false;
        try
        {
            var received = Socket.Receive(_buffer.AsSpan(_filled), SocketFlags.None);
            _filled += received;
            return received > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The next whole line, without its end.</summary>
    public bool TryTakeLine(out byte[] line)
    {
        var end = Array.IndexOf(_buffer, (byte)'\n', 0, _filled);
        line = end < 0 ? [] : _buffer[..end];
        if (end < 0)
            return false;
        Buffer.BlockCopy(_buffer, end + 1, _buffer, 0, _filled - end - 1);
        _filled -= end + 1;
        return true;
    }

    public bool TrySend(byte[] answer)
    {
        try
        {
            return Socket.Send(answer) == answer.Length;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
