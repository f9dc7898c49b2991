using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Answers health checks in the place of an app, which then can be a mere sleep.</summary>
sealed class AnsweringPort : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _run;
    volatile int _status = 200;
    volatile bool _hangs;

    public AnsweringPort()
    {
        _listener.Start();
        _run = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Status
    {
        set => _status = value;
    }

    /// <summary>Connections are accepted, and nobody says anything.</summary>
    public bool Hangs
    {
        set => _hangs = value;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _listener.Dispose();
        _stop.Dispose();
    }

    async Task RunAsync()
    {
        var talks = new List<Task>();
        try
        {
            while (true)
                talks.Add(TalkAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(talks);
        }
    }

    async Task TalkAsync(TcpClient client)
    {
        using var closing = client;
        var buffer = new byte[4096];
        try
        {
            var stream = client.GetStream();
            while (await stream.ReadAsync(buffer, _stop.Token) > 0)
            {
                if (_hangs)
                    await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
                var answer = $"HTTP/1.1 {_status} X\r\nContent-Length: 0\r\n\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), _stop.Token);
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            // The supervisor hung up, or the test is over.
        }
    }
}
