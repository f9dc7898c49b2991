using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.FunctionalTests.Edge;

enum AppMood
{
    Serves,

    /// <summary>Every answer is 500, that of /ping too.</summary>
    Fails,

    /// <summary>As if stopped: the kernel takes connections and bytes, nobody reads them.</summary>
    Frozen,
}

/// <summary>One instance of an app, over raw sockets.</summary>
sealed class FakeApp : IAsyncDisposable
{
    readonly ConcurrentDictionary<Socket, Task> _connections = new();
    Socket _listener;
    Task _accepting;
    TaskCompletionSource _moodChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    AppMood _mood;

    public FakeApp(string name)
    {
        Name = name;
        _listener = Listen(0);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync(_listener);
    }

    public string Name { get; }
    public int Port { get; }
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Answers /ping apart; null: 200 with the name of the app as body.</summary>
    public Func<FakeRequest, Socket, Task>? Handler { get; set; }

    /// <summary>Those that were read whole, without /ping.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    public int Pings;
    public int Connections => _connections.Count;
    public long BodyBytes;

    public AppMood Mood
    {
        get => _mood;
        set
        {
            _mood = value;
            Interlocked.Exchange(
                ref _moodChanged, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <summary>Ends as a killed process does: the kernel closes all sockets.</summary>
    public async Task KillAsync()
    {
        _listener.Dispose();
        await _accepting;
        CloseConnections();
    }

    /// <summary>On the same port.</summary>
    public void Restart()
    {
        _listener = Listen(Port);
        _accepting = AcceptAsync(_listener);
    }

    public void CloseConnections()
    {
        foreach (var socket in _connections.Keys)
            Close(socket);
    }

    public static string Ok(string body, string headers = "") =>
        $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n{headers}\r\n{body}";

    public static async Task SendAsync(Socket socket, string text) =>
        await socket.SendAsync(Encoding.Latin1.GetBytes(text));

    async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync();
                _connections[socket] = Task.CompletedTask;
                var serving = ServeAsync(socket);
                _connections.TryUpdate(socket, serving, Task.CompletedTask);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Killed.
        }
    }

    async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            var reader = new FakeReader(socket, count => Interlocked.Add(ref BodyBytes, count));
            while (await reader.HeadAsync() is { } request)
            {
                await ThawedAsync();
                if (!await reader.BodyAsync(request))
                    break;
                await AnswerAsync(request, socket);
            }
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            // The edge, or the test, ended it.
        }
        finally
        {
            _connections.TryRemove(socket, out _);
            Close(socket);
        }
    }

    async Task AnswerAsync(FakeRequest request, Socket socket)
    {
        if (request.Target == "/ping")
            Interlocked.Increment(ref Pings);
        else
            Requests.Enqueue(request);
        await ThawedAsync();
        if (Mood == AppMood.Fails)
            await SendAsync(socket, "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops");
        else if (request.Target == "/ping" || Handler is null)
            await SendAsync(socket, Ok(Name));
        else
            await Handler(request, socket);
    }

    async Task ThawedAsync()
    {
        while (true)
        {
            var change = Volatile.Read(ref _moodChanged).Task;
            if (Mood != AppMood.Frozen)
                return;
            await change;
        }
    }

    static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(512);
        return listener;
    }

    // Dispose alone would send a reset, which a killed process does only if it left something unread.
    static void Close(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The other side was first.
        }
        socket.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Mood = AppMood.Serves;
        var serving = _connections.Values.ToList();
        await KillAsync();
        await Task.WhenAll(serving);
    }
}
