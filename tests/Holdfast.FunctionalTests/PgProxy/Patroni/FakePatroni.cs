using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Holdfast.FunctionalTests.PgProxy.Patroni;

/// <summary>A REST API that says of its member what the test wants. What it says need not be true.</summary>
sealed class FakePatroni : IDisposable
{
    const int RequestBytesMax = 8 * 1024;
    public const string System = "7000000000000000001";

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _over = new();
    readonly Task _serving;
    readonly string _name;
    volatile string _member = "", _list = "";
    volatile bool _isLeader, _isSilent;

    public FakePatroni(string name)
    {
        _name = name;
        _listener.Start();
        Says("replica", timeline: 1);
        _serving = ServeAsync();
    }

    public string Url => $"http://{(IPEndPoint)_listener.LocalEndpoint}";

    /// <summary>Connections are taken, and closed without a word.</summary>
    public bool IsSilent { set => _isSilent = value; }

    public void Says(string role, int timeline, bool isLeader = false, string system = System)
    {
        _member = new JsonObject
        {
            ["state"] = "running",
            ["role"] = role,
            ["timeline"] = timeline,
            ["xlog"] = role == "replica"
                ? new JsonObject { ["received_location"] = 1000, ["replayed_location"] = 900 }
                : new JsonObject { ["location"] = 1000 },
            ["database_system_identifier"] = system,
            ["patroni"] = new JsonObject { ["version"] = "3.0.2", ["scope"] = "films" },
        }.ToJsonString();
        _isLeader = isLeader;
    }

    public void Lists(params FakePatroni[] members) => _list = new JsonObject
    {
        ["members"] = new JsonArray([.. members.Select(member => new JsonObject
        {
            ["name"] = member._name,
            ["api_url"] = $"{member.Url}/patroni",
            ["host"] = "127.0.0.1",
            ["port"] = ((IPEndPoint)member._listener.LocalEndpoint).Port,
        })]),
    }.ToJsonString();

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptSocketAsync(_over.Token);
                var request = new byte[RequestBytesMax];
                var count = await client.ReceiveAsync(request, _over.Token);
                // Who gave up before it asked sends nothing.
                if (_isSilent || count == 0)
                    continue;
                var path = Encoding.ASCII.GetString(request, 0, count).Split(' ')[1];
                var (code, body) = path switch
                {
                    "/cluster" => (200, _list),
                    "/config" => (200, """{"ttl": 20, "loop_wait": 1}"""),
                    _ => (_isLeader ? 200 : 503, _member),
                };
                await client.SendAsync(
                    Encoding.UTF8.GetBytes($"HTTP/1.0 {code} X\r\nContent-Type: application/json\r\n\r\n{body}"),
                    _over.Token);
                client.Shutdown(SocketShutdown.Both);
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
