using System.Collections.Immutable;
using System.Globalization;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Doubles.Store;

/// <summary>One or three real etcd members on free loopback ports, in a temporary folder that goes with them.</summary>
public sealed class EtcdCluster : IAsyncDisposable
{
    // Short enough for leases of 2 s, long enough for a busy build machine.
    const string HeartbeatMs = "100", ElectionMs = "1000";
    const int StartTries = 3;
    static readonly TimeSpan s_readyLimit = TimeSpan.FromSeconds(20);

    readonly string _folder;

    EtcdCluster(string folder, ImmutableArray<EtcdProcess> members) => (_folder, Members) = (folder, members);

    public ImmutableArray<EtcdProcess> Members { get; }

    /// <summary>host:port of each member, in order.</summary>
    public ImmutableArray<string> Endpoints => [.. Members.Select(member => member.Endpoint)];

    /// <summary>Starts <paramref name="count"/> members and returns when all of them answer and have a
    /// leader.</summary>
    public static async Task<EtcdCluster> StartAsync(int count, CancellationToken stop)
    {
        for (var tried = 1; ; tried++)
        {
            var cluster = Create(count);
            try
            {
                await Task.WhenAll(cluster.Members.Select(member => member.StartAsync()));
                foreach (var member in cluster.Members)
                    await cluster.ReadyAsync(member, stop);
                return cluster;
            }
            catch (Exception) when (tried < StartTries && !stop.IsCancellationRequested)
            {
                // Somebody took one of the ports between our look and etcd's start.
                await cluster.DisposeAsync();
            }
            catch
            {
                await cluster.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>A store on all members; <paramref name="first"/> is asked first.</summary>
    public EtcdStore Connect(int first = 0) =>
        new([.. Endpoints.Skip(first), .. Endpoints.Take(first)], new EtcdClientSettings(), NullLogger.Instance);

    /// <summary>The index of the member that leads; waits until there is one.</summary>
    public async Task<int> LeaderAsync(CancellationToken stop)
    {
        using var store = Connect();
        while (true)
        {
            for (var i = 0; i < Members.Length; i++)
            {
                try
                {
                    var status = await store.StatusAsync(Members[i].Endpoint, stop);
                    if (status.Leader != 0 && status.Leader == status.Member)
                        return i;
                }
                catch (StoreUnavailableException)
                {
                    // Frozen or dead: it may not lead.
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), stop);
        }
    }

    /// <summary>Waits until <paramref name="member"/> answers and knows a leader.</summary>
    public async Task ReadyAsync(EtcdProcess member, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(s_readyLimit);
        using var store = Connect();
        while (true)
        {
            try
            {
                if ((await store.StatusAsync(member.Endpoint, limited.Token)).Leader != 0)
                    return;
            }
            catch (StoreUnavailableException)
            {
                // Not up yet.
            }
            if (!member.IsRunning)
                throw new InvalidOperationException($"etcd ended: {await File.ReadAllTextAsync(member.Log, stop)}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), limited.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Members.Select(member => member.KillAsync()));
        Directory.Delete(_folder, recursive: true);
    }

    static EtcdCluster Create(int count)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-etcd-").FullName;
        var ports = Enumerable.Range(0, 2 * count).Select(_ => FreePorts.Take()).ToArray();
        var names = Enumerable.Range(0, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"m{i}")).ToArray();
        var initial = string.Join(',', names.Select((name, i) =>
            string.Create(CultureInfo.InvariantCulture, $"{name}=http://127.0.0.1:{ports[2 * i + 1]}")));
        string[] more =
        [
            "--initial-cluster", initial, "--initial-cluster-token", Path.GetFileName(folder),
            "--heartbeat-interval", HeartbeatMs, "--election-timeout", ElectionMs,
        ];
        return new EtcdCluster(folder,
            [.. names.Select((name, i) => new EtcdProcess(folder, name, ports[2 * i], ports[2 * i + 1], more))]);
    }
}
