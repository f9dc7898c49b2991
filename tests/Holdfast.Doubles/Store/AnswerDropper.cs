using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Holdfast.Doubles.Store;

/// <summary>A TCP relay to one member of etcd that can let requests through and keep the answers to itself.</summary>
public sealed class AnswerDropper : IAsyncDisposable
{
    const int ChunkBytes = 16 * 1024;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _ending = new();
    readonly List<Task> _connections = [];
    readonly int _port;
    readonly Task _accepting;

    public AnswerDropper(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync(_ending.Token);
    }

    /// <summary>host:port to connect to.</summary>
    public string Endpoint =>
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public bool DropsAnswers { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await Task.WhenAll([_accepting, .. _connections]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    async Task AcceptAsync(CancellationToken stop)
    {
        while (true)
            _connections.Add(RelayAsync(await _listener.AcceptTcpClientAsync(stop), stop));
    }

    async Task RelayAsync(TcpClient client, CancellationToken stop)
    {
        using var near = client;
        using var far = new TcpClient();
        await far.ConnectAsync(IPAddress.Loopback, _port, stop);
        await Task.WhenAny(
            CopyAsync(near.GetStream(), far.GetStream(), isAnswer: false, stop),
            CopyAsync(far.GetStream(), near.GetStream(), isAnswer: true, stop));
    }

    async Task CopyAsync(NetworkStream from, NetworkStream to, bool isAnswer, CancellationToken stop)
    {
        var chunk = new byte[ChunkBytes];
        while (await from.ReadAsync(chunk, stop) is var count and > 0)
        {
            if (!isAnswer || !DropsAnswers)
                await to.WriteAsync(chunk.AsMemory(0, count), stop);
        }
    }
}
