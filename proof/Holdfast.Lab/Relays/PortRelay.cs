using System.Net.Sockets;

namespace Holdfast.Lab.Relays;

/// <summary>One published port: each connection goes to the first living target in the file's order.</summary>
sealed class PortRelay(Socket listener, IReadOnlyList<RelayTarget> targets)
{
    const int ConnectionsMax = 4_000;

    public Task RunAsync(CancellationToken stop)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = ConnectionsMax, CancellationToken = stop };
        return Task.WhenAll(targets
            .Select(target => target.WatchAsync(stop))
            .Append(Parallel.ForEachAsync(AcceptAsync(stop), options, (client, token) => ServeAsync(client, token))));
    }

    async IAsyncEnumerable<Socket> AcceptAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
            yield return await listener.AcceptAsync(stop);
    }

    async ValueTask ServeAsync(Socket client, CancellationToken stop)
    {
        using (client)
        {
            client.NoDelay = true;
            var (target, server) = await ConnectAsync(stop);
            if (server is null)
            {
                // Nobody to talk to: reset, as a dead host's router would.
                client.LingerState = new LingerOption(true, 0);
                return;
            }
            using (server)
            {
                var splice = new Splice(client, server);
                target!.Add(splice);
                try
                {
                    await splice.RunAsync(stop);
                }
                finally
                {
                    target.Remove(splice);
                }
            }
        }
    }

    async ValueTask<(RelayTarget? Target, Socket? Server)> ConnectAsync(CancellationToken stop)
    {
        foreach (var target in targets.Where(target => target.Lives))
        {
            if (await target.TryConnectAsync(stop) is { } server)
                return (target, server);
        }
        return default;
    }
}
