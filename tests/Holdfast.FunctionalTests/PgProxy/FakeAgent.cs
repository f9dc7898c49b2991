using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>An agent's REST address that gives every request the same answer: what it says need not be true.</summary>
sealed class FakeAgent : IDisposable
{
    const int RequestBytesMax = 8 * 1024;

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _over = new();
    readonly Task _serving;
    volatile string _answer = "{}";
    volatile int _answered;

    public FakeAgent()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url => $"http://{(IPEndPoint)_listener.LocalEndpoint}/patroni";

    public int Answered => _answered;

    public void Says(string name, string role, bool hasLease, long term) => _answer = new JsonObject
    {
        ["role"] = role,
        ["state"] = "running",
        ["patroni"] = new JsonObject { ["name"] = name },
        ["holdfast"] = new JsonObject { ["has_lease"] = hasLease, ["term"] = term },
    }.ToJsonString();

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptSocketAsync(_over.Token);
                _ = await client.ReceiveAsync(new byte[RequestBytesMax], _over.Token);
                await client.SendAsync(
                    Encoding.UTF8.GetBytes(
                        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{_answer}"),
                    _over.Token);
                client.Shutdown(SocketShutdown.Both);
                _answered++;
            }
        }
        catch (OperationCanceledException)
        {
            // Over.
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        _serving.GetAwaiter().GetResult();
        _listener.Dispose();
        _over.Dispose();
    }
}
