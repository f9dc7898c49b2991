using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Holdfast.Doubles.PgProxy;
using Holdfast.FunctionalTests.PgProxy.Pooled;

namespace Holdfast.FunctionalTests.PgProxy.Endurance;

/// <summary>One session after the other that says anything: before, in and after its login.</summary>
sealed class Attacker(int port, Mutation mutation)
{
    const int StartupBytesMax = 12_000;

    /// <summary>For answers to what was said last.</summary>
    static readonly TimeSpan s_listen = TimeSpan.FromMilliseconds(30);

    static readonly Step[][] s_conversations = [.. Conversations.All.Values];

    readonly byte[] _bin = new byte[64 * 1024];

    public long Sessions { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Sessions++;
            try
            {
                await AttackAsync(stop);
            }
            catch (Exception ended) when (ended is SocketException or IOException or OperationCanceledException
                or InvalidOperationException)
            {
                // The proxy has ended it, as it should; or the run is over.
            }
        }
    }

    async Task AttackAsync(CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stop);
        socket.NoDelay = true;
        var listening = ListenAsync(socket, stop);
        switch (mutation.Below(8))
        {
            case 0:
                await SendAsync(socket, mutation.Bytes(mutation.Below(StartupBytesMax)), stop);
                break;
            case 1:
                await SendAsync(socket, Untagged(), stop);
                await SendAsync(socket, mutation.Of(RawClient.Startup("fuzz", "app")), stop);
                break;
            case 2:
                await SendAsync(socket, RawClient.Startup("fuzz", "app"), stop);
                await SendAsync(socket, mutation.Of(FakePostgres.Message('p', mutation.Bytes(36))), stop);
                break;
            default:
                socket.Dispose();
                await listening;
                await ConverseAsync(stop);
                return;
        }
        await EndAsync(socket, listening);
    }

    // SSLRequest, GSSENCRequest, CancelRequest, and what only looks like them.
    byte[] Untagged()
    {
        int[] codes =
        [
            80877102, 80877103, 80877104, 3 << 16, (3 << 16) | 2, 2 << 16, 0x1603_0100, mutation.Below(int.MaxValue),
        ];
        var request = RawClient.Request(codes[mutation.Below(codes.Length)], mutation.Bytes(mutation.Below(3) * 4));
        if (mutation.Below(3) == 0)
            BinaryPrimitives.WriteInt32BigEndian(request, mutation.Below(20_000) - 1000);
        return request;
    }

    async Task ConverseAsync(CancellationToken stop)
    {
        var isMad = mutation.Below(3) == 0;
        using var talk = await Talk.LoginAsync(port, "fuzz", isMad ? ParsingPostgres.Mad : "app");
        var socket = talk.Client.Socket;
        var listening = ListenAsync(socket, stop);
        var conversation = s_conversations[mutation.Below(s_conversations.Length)];
        var bytes = Say.All([.. conversation.Select(step => step.Bytes)]);
        var babble = new Babble(mutation.Below(int.MaxValue));
        if (mutation.Below(3) == 0)
            bytes = Say.All([.. Enumerable.Range(0, 5).Select(_ => babble.Next().Bytes)]);
        // A mad server is asked for what is right as often as not.
        await SendAsync(socket, isMad && mutation.Below(2) == 0 ? bytes : mutation.Of(bytes), stop);
        await EndAsync(socket, listening);
    }

    // Whole, in pieces, or byte by byte.
    async Task SendAsync(Socket socket, byte[] bytes, CancellationToken stop)
    {
        var pieceMax = mutation.Below(4) switch { 0 => 1, 1 => 16, 2 => 300, _ => int.MaxValue };
        if (pieceMax == 1 && bytes.Length > 500)
            pieceMax = 100;
        for (var at = 0; at < bytes.Length;)
        {
            var piece = Math.Min(pieceMax, bytes.Length - at);
            at += await socket.SendAsync(bytes.AsMemory(at, piece), stop);
        }
    }

    // Reads on, so that nobody has to wait; until the end.
    async Task ListenAsync(Socket socket, CancellationToken stop)
    {
        try
        {
            while (await socket.ReceiveAsync(_bin, stop) > 0)
            {
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side's end.
        }
    }

    // By itself, by half, or by a reset; at once, or after a while.
    async Task EndAsync(Socket socket, Task listening)
    {
        if (mutation.Below(2) == 0)
            await Task.WhenAny(listening, Task.Delay(s_listen, CancellationToken.None));
        if (mutation.Below(3) == 0)
            socket.Shutdown(SocketShutdown.Send);
        else if (mutation.Below(2) == 0)
            socket.LingerState = new LingerOption(true, 0);
        await Task.WhenAny(listening, Task.Delay(s_listen, CancellationToken.None));
        socket.Dispose();
        await listening;
    }
}
