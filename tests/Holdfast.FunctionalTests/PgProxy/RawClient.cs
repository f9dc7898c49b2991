using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Postgres.Wire;
using Shouldly;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>A client that shows each byte. Every wait ends after <see cref="Limit"/>.</summary>
sealed class RawClient : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public Socket Socket => _socket;

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var client = new RawClient();
        using var limit = new CancellationTokenSource(Limit);
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), limit.Token);
        return client;
    }

    /// <summary>Connects, sends a startup message, and reads the name of the fake server that answers.</summary>
    public static async Task<(RawClient Client, string Server)> LoginAsync(int port)
    {
        var client = await ConnectAsync(port);
        await client.SendStartupAsync();
        return (client, await client.ServerNameAsync());
    }

    public Task SendStartupAsync() => SendAsync(Startup());

    public async Task SendAsync(params byte[] bytes) => await _socket.SendAsync(bytes);

    public async Task<string> ServerNameAsync()
    {
        var name = "";
        while (await MessageAsync() is var (tag, body) && tag != 'Z')
        {
            if (tag == 'E')
                throw new InvalidOperationException(ErrorResponse.Field(body, 'M'));
            if (tag == 'S' && Encoding.ASCII.GetString(body).Split('\0') is ["application_name", var value, ..])
                name = value;
        }
        return name;
    }

    public async Task<(char Tag, byte[] Body)> MessageAsync()
    {
        var header = await ReadAsync(5);
        return ((char)header[0], await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4));
    }

    /// <summary>The tags of all messages up to ReadyForQuery, that one and its status included.</summary>
    public async Task<string> UntilReadyAsync()
    {
        var tags = new StringBuilder();
        while (true)
        {
            var (tag, body) = await MessageAsync();
            tags.Append(tag);
            if (tag == 'Z')
                return tags.Append((char)body[0]).ToString();
        }
    }

    /// <summary>The code and text of the error that is the next message.</summary>
    public async Task<(string? Code, string? Message)> ErrorAsync()
    {
        var (tag, body) = await MessageAsync();
        tag.ShouldBe('E');
        return (ErrorResponse.Field(body, 'C'), ErrorResponse.Field(body, 'M'));
    }

    public async Task<byte[]> ReadAsync(int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var (bytes, filled) = (new byte[count], 0);
        while (filled < count)
        {
            var some = await _socket.ReceiveAsync(bytes.AsMemory(filled), limit.Token);
            filled += some > 0 ? some : throw new EndOfStreamException();
        }
        return bytes;
    }

    /// <summary>True when the connection ends by a reset, false when it ends properly.</summary>
    public async Task<bool> EndsByResetAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            while (await _socket.ReceiveAsync(new byte[100], limit.Token) > 0)
            {
            }
            return false;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    public bool HasBytes => _socket.Available > 0;

    public void CloseHalf() => _socket.Shutdown(SocketShutdown.Send);

    public static byte[] Startup(string user = "app", string database = "app", string? application = null)
    {
        var named = application is null ? "" : $"application_name\0{application}\0";
        var body = Encoding.ASCII.GetBytes($"user\0{user}\0database\0{database}\0{named}\0");
        var message = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), 3 << 16);
        body.CopyTo(message.AsSpan(8));
        return message;
    }

    public static byte[] Request(int code, params byte[] rest)
    {
        var message = new byte[8 + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), code);
        rest.CopyTo(message, 8);
        return message;
    }

    public void Dispose() => _socket.Dispose();
}
