using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.FunctionalTests.Edge;

/// <summary>A client that sends any bytes, and shows each byte of the answer.</summary>
sealed class RawHttp : IDisposable
{
    readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public static async Task<RawHttp> ConnectAsync(EdgeUnderTest edge)
    {
        var client = new RawHttp();
        using var limit = new CancellationTokenSource(Wait.Limit);
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, edge.Origin.Port), limit.Token);
        return client;
    }

    /// <summary>Sends it on a connection of its own, and returns all that comes until the edge closes.</summary>
    public static async Task<string> AskAsync(EdgeUnderTest edge, string text)
    {
        using var client = await ConnectAsync(edge);
        await client.SendAsync(text);
        return await client.RestAsync();
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>At least up to <paramref name="mark"/>.</summary>
    public async Task<string> UntilAsync(string mark)
    {
        var text = new StringBuilder();
        while (!text.ToString().Contains(mark, StringComparison.Ordinal))
            text.Append(await SomeAsync() ?? throw new EndOfStreamException(text.ToString()));
        return text.ToString();
    }

    public async Task<string> RestAsync()
    {
        var text = new StringBuilder();
        while (await SomeAsync() is { } some)
            text.Append(some);
        return text.ToString();
    }

    /// <summary>True when the connection ends by a reset, false when it ends properly.</summary>
    public async Task<bool> EndsByResetAsync()
    {
        try
        {
            await RestAsync();
            return false;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    async Task<string?> SomeAsync()
    {
        using var limit = new CancellationTokenSource(Wait.Limit);
        var buffer = new byte[4096];
        var count = await _socket.ReceiveAsync(buffer, limit.Token);
        return count == 0 ? null : Encoding.Latin1.GetString(buffer, 0, count);
    }

    public void Dispose() => _socket.Dispose();
}
