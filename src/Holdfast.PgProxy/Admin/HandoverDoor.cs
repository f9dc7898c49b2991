using System.Net.Sockets;
using System.Text;
using Holdfast.PgProxy.Loops;
using Microsoft.Extensions.Logging;

namespace Holdfast.PgProxy.Admin;

/// <summary>Where the next process asks for the listening sockets. It is the same user's: nobody else may open
/// it.</summary>
internal sealed class HandoverDoor : IDisposable
{
    public const string Ask = "take over 1\n", Serving = "serving\n", Goodbye = "yours\n";

    /// <summary>For each word of the next process, which has to see the store before its last one.</summary>
    public static readonly TimeSpan WordLimit = TimeSpan.FromSeconds(20);

    readonly Socket _socket;
    readonly ListeningSockets _sockets;
    readonly ILogger _log;

    /// <param name="path">Taken from whoever had it: a process that is gone, or has handed over.</param>
    /// <param name="sockets">What is to be had.</param>
    /// <param name="log">Where it tells who comes.</param>
    /// <exception cref="IOException">It can't be opened; the message says which and why.</exception>
    public HandoverDoor(string path, ListeningSockets sockets, ILogger log)
    {
        (_sockets, _log) = (sockets, log);
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(path);
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _socket.Listen(1);
        }
        catch (Exception failed) when (failed is SocketException or UnauthorizedAccessException or IOException)
        {
            _socket.Dispose();
            throw new IOException($"pgproxy can't listen on {path}: {failed.Message}", failed);
        }
    }

    /// <summary>Until somebody has taken the sockets and serves; or <paramref name="stop"/>.</summary>
    /// <param name="stopAccepting">Called when the next process serves, before it is told that it is alone.</param>
    /// <param name="stop">The order to end.</param>
    /// <returns>False: it was told to stop.</returns>
    public async Task<bool> RunAsync(Func<Task> stopAccepting, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var next = await _socket.AcceptAsync(stop);
                if (await HandOverAsync(next, stopAccepting, stop))
                    return true;
                _log.HandoverFailed("it did not come to serve");
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failed) when (failed is SocketException or OperationCanceledException)
            {
                _log.HandoverFailed(failed.Message);
            }
        }
        return false;
    }

    async Task<bool> HandOverAsync(Socket next, Func<Task> stopAccepting, CancellationToken stop)
    {
        if (!await HearsAsync(next, Ask, stop))
            return false;
        var named = _sockets.Named.ToList();
        DescriptorPassing.Send(
            next, Encoding.ASCII.GetBytes(string.Join(' ', named.Select(one => one.Name)) + "\n"),
            [.. named.Select(one => (int)one.Socket.SafeHandle.DangerousGetHandle())]);
        if (!await HearsAsync(next, Serving, stop))
            return false;
        foreach (var (_, socket) in named)
            DescriptorPassing.IsShared(socket);
        await stopAccepting();
        _socket.Dispose(); // The path is the next one's.
        _ = await next.SendAsync(Encoding.ASCII.GetBytes(Goodbye), stop);
        return true;
    }

    internal static async Task<bool> HearsAsync(Socket socket, string word, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(WordLimit);
        var (heard, count) = (new byte[word.Length], 0);
        while (count < heard.Length)
        {
            var read = await socket.ReceiveAsync(heard.AsMemory(count), limit.Token);
            if (read == 0)
                return false;
            count += read;
        }
        return string.Equals(Encoding.ASCII.GetString(heard), word, StringComparison.Ordinal);
    }

    public void Dispose() => _socket.Dispose();
}
