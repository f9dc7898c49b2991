using System.Net;
using System.Net.Sockets;
using Holdfast.Edge.Backends;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Edge;

public sealed class TcpFactsTests
{
    [Fact]
    public async Task The_kernel_tells_how_many_bytes_the_other_side_took()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        var before = TcpFacts.BytesAcknowledged(client);

        await client.SendAsync(new byte[1000], TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => TcpFacts.BytesAcknowledged(client) == before + 1000, "acknowledged");
    }

    [Fact]
    public void Of_a_closed_socket_nothing_is_proved()
    {
        var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Dispose();
        TcpFacts.BytesAcknowledged(closed).ShouldBe(long.MaxValue);
    }
}
