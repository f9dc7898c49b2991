using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Microsoft.Extensions.Logging;

namespace Holdfast.Supervisor.Fencing;

/// <summary>
/// The fence socket: one line of JSON each way. One thread of its own, blocking calls: neither the pool nor another
/// client's silence holds up a renewal.
/// </summary>
internal sealed class FenceServer(Fence fence, string path, string? owner, ILogger log) : IDisposable
{
    const int ClientsMax = 16;
    static readonly TimeSpan SelectLimit = TimeSpan.FromSeconds(1);

    readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly List<FenceClient> _clients = [];
    Thread? _thread;
    volatile bool _stop;

    public void Start()
    {
        File.Delete(path);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (owner is not null && UserAccount.Find(owner) is { } account)
            _ = account.TryOwn(path);
        _listener.Listen(ClientsMax);
        // Compiled now rather than in the first renewal.
        _ = Answer(Encoding.UTF8.GetBytes("{\"get\":true}"));
        _thread = new Thread(Serve) { IsBackground = true, Name = "fence socket" };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop = true;
        Wake();
        _thread?.Join();
        foreach (var client in _clients)
            client.Dispose();
        _listener.Dispose();
        File.Delete(path);
    }

    /// <summary>A visitor makes the thread look up.</summary>
    void Wake()
    {
        try
        {
            using var visitor = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            visitor.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            // It looks up by itself, a second later.
        }
    }

    void Serve()
    {
        _ = UrgentThread.TryRaise();
        while (!_stop)
        {
            try
            {
                ServeOnce();
            }
            catch (Exception failure)
            {
                log.FenceStumbled(failure);
            }
        }
    }

    void ServeOnce()
    {
        var readable = new List<Socket>(_clients.Count + 1) { _listener };
        readable.AddRange(_clients.Select(client => client.Socket));
        Socket.Select(readable, null, null, SelectLimit);
        foreach (var socket in readable)
        {
            if (socket == _listener)
                Accept();
            else
                Receive(_clients.Find(client => client.Socket == socket)!);
        }
    }

    void Accept()
    {
        // A client that forgot its connections must not lock out the agent: the oldest makes room.
        if (_clients.Count == ClientsMax)
            Drop(_clients[0]);
        _clients.Add(new FenceClient(_listener.Accept()));
    }

    void Receive(FenceClient client)
    {
        if (!client.TryReceive())
            Drop(client);
        while (client.TryTakeLine(out var line))
        {
            if (!client.TrySend(Answer(line)))
            {
                Drop(client);
                return;
            }
        }
    }

    void Drop(FenceClient client)
    {
        _clients.Remove(client);
        client.Dispose();
    }

    byte[] Answer(ReadOnlySpan<byte> line)
    {
        FenceAnswer answer;
        try
        {
            answer = Answer(JsonSerializer.Deserialize(line, FenceJson.Default.FenceRequest));
        }
        catch (JsonException failure)
        {
            answer = new FenceAnswer { Ok = false, Why = $"no valid request: {failure.Message}" };
        }
        catch (IOException failure)
        {
            answer = new FenceAnswer { Ok = false, Why = $"the ticket could not be kept: {failure.Message}" };
        }
        return [.. JsonSerializer.SerializeToUtf8Bytes(answer, FenceJson.Default.FenceAnswer), (byte)'\n'];
    }

    FenceAnswer Answer(FenceRequest? request)
    {
        switch (request)
        {
            case { Put: { } ticket, Get: false }:
                var refusal = fence.Put(ticket);
                return new FenceAnswer { Ok = refusal is null, Why = refusal };
            case { Put: null, Get: true }:
                return new FenceAnswer { Ok = true, Ticket = fence.Ticket };
            default:
                return new FenceAnswer { Ok = false, Why = "exactly one of put and get is expected" };
        }
    }
}
