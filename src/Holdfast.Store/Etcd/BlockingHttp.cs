using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Foundation.Processes;

namespace Holdfast.Store.Etcd;

/// <summary>No answer that proves anything, and why.</summary>
public sealed class NoAnswerException(string message) : Exception(message);

/// <summary>
/// One kept-open connection to one member, for a thread that must not depend on any other: poll(2), send and receive,
/// no thread pool. One owner. After a <see cref="NoAnswerException"/> the connection is closed; the next request opens
/// another.
/// </summary>
public sealed class BlockingHttp(string endpoint) : IDisposable
{
    const int AnswerBytesMax = 64 * 1024;

    readonly byte[] _received = new byte[AnswerBytesMax];
    readonly byte[] _body = new byte[AnswerBytesMax];
    IPEndPoint? _address;
    Socket? _socket;

    public string Endpoint => endpoint;

    /// <summary>Connects if there is no connection, so that the time of sending can be told from that
    /// of connecting.</summary>
    /// <param name="until">CLOCK_BOOTTIME.</param>
    public void Open(TimeSpan until)
    {
        // Readable without having been asked anything: the other side closed it.
        if (_socket is { } kept && kept.Poll(0, SelectMode.SelectRead))
            Close();
        if (_socket is not null)
            return;
        try
        {
            _address ??= Resolve();
            _socket = new Socket(_address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            {
                Blocking = false,
                NoDelay = true,
            };
            Connect(_socket, _address, until);
        }
        catch (SocketException e)
        {
            throw Fail(e.Message);
        }
    }

    /// <summary>The body of the answer; valid until the next request.</summary>
    /// <param name="path">Of the call.</param>
    /// <param name="json">The body to send.</param>
    /// <param name="until">CLOCK_BOOTTIME.</param>
    public (int Status, ReadOnlyMemory<byte> Body) Post(string path, ReadOnlySpan<byte> json, TimeSpan until)
    {
        Open(until);
        try
        {
            Send(_socket!, Head(path, json.Length), until);
            Send(_socket!, json, until);
            return Receive(_socket!, until);
        }
        catch (SocketException e)
        {
            throw Fail(e.Message);
        }
    }

    public void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose() => Close();

    byte[] Head(string path, int length) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"POST {path} HTTP/1.1\r\nHost: {endpoint}\r\n"
        + $"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"));

    void Connect(Socket socket, IPEndPoint address, TimeSpan until)
    {
        try
        {
            socket.Connect(address);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            Wait(socket, SelectMode.SelectWrite, until, "take a connection");
            var error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != 0)
                throw new SocketException(error);
        }
    }

    void Send(Socket socket, ReadOnlySpan<byte> bytes, TimeSpan until)
    {
        while (!bytes.IsEmpty)
        {
            Wait(socket, SelectMode.SelectWrite, until, "take the request");
            var sent = socket.Send(bytes, SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                throw new SocketException((int)error);
            bytes = bytes[sent..];
        }
    }

    (int Status, ReadOnlyMemory<byte> Body) Receive(Socket socket, TimeSpan until)
    {
        var length = 0;
        while (length < _received.Length)
        {
            Wait(socket, SelectMode.SelectRead, until, "answer");
            var count = socket.Receive(_received.AsSpan(length), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
                continue;
            if (error != SocketError.Success)
                throw new SocketException((int)error);
            if (count == 0)
                throw Fail("the connection was closed");
            length += count;
            var answer = HttpAnswer.Read(_received.AsSpan(0, length), _body);
            if (answer.Progress == HttpProgress.Broken)
                throw Fail("what came is no HTTP answer");
            if (answer.Progress == HttpProgress.Partial)
                continue;
            answer.Body.CopyTo(_body);
            if (!answer.KeepsOpen)
                Close();
            return (answer.Status, _body.AsMemory(0, answer.Body.Length));
        }
        throw Fail($"the answer is longer than {AnswerBytesMax} bytes");
    }

    void Wait(Socket socket, SelectMode mode, TimeSpan until, string what)
    {
        var left = until - BootClock.Now;
        if (left <= TimeSpan.Zero || !socket.Poll(left, mode))
            throw Fail($"it did not {what} in time");
    }

    // Once: a name server that is away must not hold the heartbeat up each time.
    IPEndPoint Resolve()
    {
        if (IPEndPoint.TryParse(endpoint, out var address))
            return address;
        var colon = endpoint.LastIndexOf(':');
        var port = int.Parse(endpoint.AsSpan(colon + 1), CultureInfo.InvariantCulture);
        return new IPEndPoint(Dns.GetHostAddresses(endpoint[..colon])[0], port);
    }

    NoAnswerException Fail(string why)
    {
        Close();
        return new NoAnswerException($"{endpoint}: {why}");
    }
}
