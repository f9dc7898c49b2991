using System.Net;
using System.Net.Sockets;

namespace Holdfast.Doubles;

/// <summary>Ports of 127.0.0.1 for servers of the tests, below the range that the kernel gives to outgoing
/// connections: one that is free now can't be taken by those until its server listens. Safe from any thread.</summary>
public static class FreePorts
{
    const int First = 20_000, End = 32_000;

    static readonly Lock s_gate = new();
    static readonly HashSet<int> s_taken = [];

    /// <summary>One that nobody listens on, and that no other caller of this process is given.</summary>
    public static int Take()
    {
        lock (s_gate)
        {
            while (s_taken.Count < End - First)
            {
                var port = Random.Shared.Next(First, End);
                if (s_taken.Add(port) && IsFree(port))
                    return port;
            }
        }
        throw new InvalidOperationException($"none of the ports {First} to {End - 1} is free");
    }

    static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Any, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
