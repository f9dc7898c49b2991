using System.Security.Cryptography;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Commands;
using Holdfast.Foundation.Logging;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging;

namespace Holdfast.Wiring;

/// <summary>The parts of <c>holdfast pgproxy</c>, put together.</summary>
static class PgProxyWiring
{
    /// <summary>Patroni's namespace in the store.</summary>
    const string StoreRoot = "service";

    /// <param name="open">The cluster file, read and checked.</param>
    /// <param name="name">This host's name in the file.</param>
    /// <param name="data">--data, absolute: its folder <c>pgproxy</c> keeps the newest term seen.</param>
    /// <param name="users">--users; null: those of the file.</param>
    /// <param name="stop">SIGTERM or Ctrl+C: sessions have a few seconds to end.</param>
    /// <returns>The exit code: 0 when it stopped as asked, 1 when it could not run.</returns>
    public static async Task<int> RunAsync(
        OpenFile open, NodeName name, string data, string? users, CancellationToken stop)
    {
        var file = open.File;
        if (file.PgProxy is not { } proxy)
            return await SayAsync("the file has no section pgproxy");
        using var logs = Logs.Create("pgproxy");
        using var etcd = new EtcdStore(
            file.EtcdEndpoints(name), new EtcdClientSettings(), logs.CreateLogger<EtcdStore>());
        var watcher = new ClusterWatcher(
            etcd, new PatroniKeys(StoreRoot, file.Cluster), new HoldfastKeys(file.Cluster), BootClock.Provider,
            logs.CreateLogger<ClusterWatcher>());
        try
        {
            var ledger = TermLedger.Open(Path.Combine(data, "pgproxy"), TimeProvider.System);
            using var topology = new AgentWord(new WatchedTopology(watcher), () => BootClock.Now);
            using var server = new PgProxyServer(
                Settings(file, proxy), topology,
                new LedgerMemory(ledger, logs.CreateLogger<LedgerMemory>()), () => BootClock.Now, logs,
                proxy.Pool == PoolKind.None ? null : PgProxyAccess.Read(open, proxy, users));
            await ServeAsync(server, watcher, topology, stop);
            return 0;
        }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException
            or CryptographicException)
        {
            return await SayAsync(refused.Message);
        }
    }

    static async Task ServeAsync(
        PgProxyServer server, ClusterWatcher watcher, AgentWord topology, CancellationToken stop)
    {
        // While sessions drain, a lost role must still cut them.
        using var ending = new CancellationTokenSource();
        var watching = Task.WhenAll(watcher.RunAsync(ending.Token), topology.RunAsync(ending.Token));
        await server.RunAsync(stop);
        await ending.CancelAsync();
        await watching;
    }

    static ProxySettings Settings(ClusterFile file, PgProxySettings proxy) => new()
    {
        Cluster = file.Cluster,
        PrimaryPort = proxy.Primary,
        ReplicasPort = proxy.Replicas,
        HoldTimeout = proxy.HoldTimeout,
        DefaultTtl = file.Postgres.Dcs.Ttl,
        Pools = proxy.Pool == PoolKind.None ? null : Pools(proxy),
    };

    static PoolSettings Pools(PgProxySettings proxy) =>
        new PoolSettings { Mode = PoolMode.Session, Databases = proxy.Databases, Users = proxy.Users }
            .With(proxy.Limits);

    static async Task<int> SayAsync(string problem)
    {
        await Console.Error.WriteLineAsync($"holdfast pgproxy: {problem}");
        return 1;
    }
}
