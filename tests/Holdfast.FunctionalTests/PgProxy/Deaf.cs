using System.Net;
using System.Net.Sockets;

namespace Holdfast.FunctionalTests.PgProxy;

/// <summary>An address that takes no connection and refuses none, as that of a lost host: its queue is full, and the
/// kernel drops whoever comes.</summary>
sealed class Deaf : IDisposable
{
    // A backlog of zero holds one connection; the second only makes sure.
    const int Queued = 2;

    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly List<Socket> _queued = [];

    public Deaf()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        for (var i = 0; i < Queued; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
            {
                Blocking = false,
            };
            try
            {
                client.Connect(_listener.LocalEndPoint!);
            }
            catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock
                or SocketError.InProgress)
            {
                // Under way, for ever.
            }
            _queued.Add(client);
        }
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        _queued.ForEach(client => client.Dispose());
        _listener.Dispose();
    }
}
