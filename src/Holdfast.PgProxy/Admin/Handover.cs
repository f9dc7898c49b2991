using System.Net.Sockets;
using System.Text;
using Holdfast.PgProxy.Loops;

namespace Holdfast.PgProxy.Admin;

/// <summary>The side of the next process: takes the sockets of the one that runs, and tells it when to stop accepting.
/// Until then both may accept, from one queue: no connection is lost.</summary>
public sealed class Handover : IDisposable
{
    readonly Socket _former;

    Handover(Socket former, ListeningSockets sockets) => (_former, Sockets) = (former, sockets);

    /// <summary>Whoever listens on them disposes of them.</summary>
    public ListeningSockets Sockets { get; }

    /// <param name="path">Where the process that runs waits for its successor.</param>
    /// <exception cref="IOException">Nobody is there, or it does not hand over; the message says what.</exception>
    public static Handover Take(string path)
    {
        var former = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            former.Connect(new UnixDomainSocketEndPoint(path));
            former.Send(Encoding.ASCII.GetBytes(HandoverDoor.Ask));
            if (!former.Poll(HandoverDoor.WordLimit, SelectMode.SelectRead))
                throw new IOException("the process that runs does not answer");
            return new Handover(former, Read(former));
        }
        catch (Exception failed) when (failed is SocketException or IOException)
        {
            former.Dispose();
            throw new IOException(
                $"pgproxy can't take over at {path}: {failed.Message}; without --take-over it listens by itself",
                failed);
        }
    }

    static ListeningSockets Read(Socket former)
    {
        var text = new byte[256];
        var descriptors = DescriptorPassing.Receive(former, text, out var bytes);
        var names = Encoding.ASCII.GetString(text, 0, bytes).TrimEnd('\n').Split(' ');
        var sockets = descriptors.Select(one => new Socket(new SafeSocketHandle(one, ownsHandle: true))).ToArray();
        Socket? Named(string name) =>
            Array.IndexOf(names, name) is >= 0 and var at && at < sockets.Length ? sockets[at] : null;
        return Named("primary") is { } primary
            ? new ListeningSockets(primary, Named("replicas"), Named("metrics"))
            : throw new IOException("the process that runs has handed over no socket");
    }

    /// <summary>We serve: the former process stops accepting. Completes when it has.</summary>
    /// <exception cref="IOException">It has not said so: it may be gone.</exception>
    public async Task ConfirmAsync(CancellationToken stop)
    {
        try
        {
            _ = await _former.SendAsync(Encoding.ASCII.GetBytes(HandoverDoor.Serving), stop);
            if (!await HandoverDoor.HearsAsync(_former, HandoverDoor.Goodbye, stop))
                throw new IOException("the former process did not say that it has stopped accepting");
        }
        catch (SocketException failed)
        {
            throw new IOException($"the former process is gone: {failed.Message}", failed);
        }
    }

    public void Dispose() => _former.Dispose();
}
