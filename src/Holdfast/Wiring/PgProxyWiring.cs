using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Commands;
using Holdfast.Foundation.Logging;
using Holdfast.Foundation.Processes;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Routing;
using Holdfast.PgProxy.Routing.Patroni;
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
    /// <param name="folders">The data folder's <c>pgproxy</c> keeps the newest term seen; in that of the run folder the
    /// next process asks for the ports.</param>
    /// <param name="users">--users; null: those of the file.</param>
    /// <param name="takesOver">--take-over: the ports are those of the process that runs.</param>
    /// <param name="stop">SIGTERM or Ctrl+C: sessions have a few seconds to end.</param>
    /// <returns>The exit code: 0 when it stopped as asked, 1 when it could not run.</returns>
    public static async Task<int> RunAsync(
        OpenFile open, NodeName name, ProcessFolders folders, string? users, bool takesOver, CancellationToken stop)
    {
        var file = open.File;
        if (file.PgProxy is not { } proxy)
            return await SayAsync("the file has no section pgproxy");
        using var logs = Logs.Create("pgproxy");
        try
        {
            var door = DoorIn(folders.Run, proxy.Primary);
            using var former = takesOver ? Handover.Take(door) : null;
            var reloading = new ProxyReload(open.Path, name, users);
            var memory = Path.Combine(folders.Data, "pgproxy");
            PgProxyServer Server(ITopology topology, string folder) => new(
                ProxyReload.Settings(file, proxy, name) with { HandoverPath = door }, topology,
                Memory(folder, logs), () => BootClock.Now, logs,
                proxy.Pool == PoolKind.None ? null : PgProxyAccess.Read(open, proxy, users), former);
            await (proxy.Routing.Patroni.IsEmpty
                ? WatchStoreAsync(file, name, topology => Server(topology, memory), reloading, logs, stop)
                // Timelines are the terms there: they are no store's.
                : PollPatroniAsync(
                    proxy.Routing.Patroni, topology => Server(topology, Path.Combine(memory, "patroni")), reloading,
                    logs, stop));
            return 0;
        }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException
            or CryptographicException)
        {
            return await SayAsync(refused.Message);
        }
    }

    static async Task WatchStoreAsync(
        ClusterFile file, NodeName name, Func<ITopology, PgProxyServer> serverOf, ProxyReload reloading,
        ILoggerFactory logs, CancellationToken stop)
    {
        using var etcd = new EtcdStore(
            file.EtcdEndpoints(name), new EtcdClientSettings(), logs.CreateLogger<EtcdStore>());
        var watcher = new ClusterWatcher(
            etcd, new PatroniKeys(StoreRoot, file.Cluster), new HoldfastKeys(file.Cluster), BootClock.Provider,
            logs.CreateLogger<ClusterWatcher>());
        using var topology = new AgentWord(new WatchedTopology(watcher), () => BootClock.Now);
        using var server = serverOf(topology);
        await ServeAsync(
            server, reloading, ending => Task.WhenAll(watcher.RunAsync(ending), topology.RunAsync(ending)), stop);
    }

    static async Task PollPatroniAsync(
        ImmutableArray<string> seeds, Func<ITopology, PgProxyServer> serverOf, ProxyReload reloading,
        ILoggerFactory logs, CancellationToken stop)
    {
        using var topology = new PatroniPoll(seeds, () => BootClock.Now, logs.CreateLogger<PatroniPoll>());
        using var server = serverOf(topology);
        await ServeAsync(server, reloading, topology.RunAsync, stop);
    }

    static LedgerMemory Memory(string folder, ILoggerFactory logs) =>
        new(TermLedger.Open(folder, TimeProvider.System), logs.CreateLogger<LedgerMemory>());

    static async Task ServeAsync(
        PgProxyServer server, ProxyReload reloading, Func<CancellationToken, Task> watch, CancellationToken stop)
    {
        server.ReadsAgain(reloading.Read);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            _ = server.ReloadAsync(); // What came of it is in the log.
        });
        // While sessions drain, a lost role must still cut them.
        using var ending = new CancellationTokenSource();
        var watching = watch(ending.Token);
        await server.RunAsync(stop);
        await ending.CancelAsync();
        await watching;
    }

    // In the proxy's own folder, where it has one. By the port, which one process has at a time.
    static string DoorIn(string run, int port) => Path.Combine(
        Directory.Exists(Path.Combine(run, "pgproxy")) ? Path.Combine(run, "pgproxy") : run, $"handover-{port}.sock");

    static async Task<int> SayAsync(string problem)
    {
        await Console.Error.WriteLineAsync($"holdfast pgproxy: {problem}");
        return 1;
    }
}
