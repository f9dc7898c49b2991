using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Supervisor;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Three supervisors on loopback addresses of their own, each with a managed member of one real
/// etcd.</summary>
sealed class ThreeEtcdHosts : IAsyncDisposable
{
    static readonly ImmutableArray<NodeName> Names = [new("n1"), new("n2"), new("n3")];
    readonly NodeFolder[] _folders = [new(), new(), new()];
    readonly CancellationTokenSource?[] _stops = new CancellationTokenSource?[3];
    readonly Task[] _runs = [Task.CompletedTask, Task.CompletedTask, Task.CompletedTask];
    readonly List<EtcdStore> _stores = [];

    public ThreeEtcdHosts()
    {
        var third = Random.Shared.Next(1, 250);
        File = new ClusterFile
        {
            Cluster = $"films{third}",
            Hosts = [.. Names.Select((name, i) => new HostSettings(name, $"127.77.{third}.{i + 1}"))],
            Etcd = new EtcdSettings { On = Names, ClientPort = FreePorts.Take(), PeerPort = FreePorts.Take() },
            Postgres = new PostgresSettings { On = [], Dcs = new DynamicSettings { Ttl = TimeSpan.FromSeconds(5) } },
        };
        Store = NewStore(0);
    }

    public ClusterFile File { get; }
    public EtcdStore Store { get; }
    public string Endpoint(int host) => $"{File.Hosts[host].Address}:{File.Etcd.ClientPort}";
    public NodeFolder Folder(int host) => _folders[host];

    public void Start(int host)
    {
        var stop = _stops[host] = new CancellationTokenSource();
        var settings = new NodeSettings
        {
            File = File,
            FileText = "",
            Host = Names[host],
            Paths = _folders[host].Paths,
            AgentYaml = (_, _, _) => "",
        };
        var store = NewStore(host);
        _runs[host] = new NodeSupervisor(settings, store, store, NullLoggerFactory.Instance).RunAsync(stop.Token);
    }

    public async Task StopAsync(int host)
    {
        if (_stops[host] is not { } stop)
            return;
        await stop.CancelAsync();
        await _runs[host];
        stop.Dispose();
        _stops[host] = null;
    }

    /// <summary>The index of the host whose member leads, once all members have started and agree.</summary>
    public async Task<int> LeaderAsync(CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(Wait.Limit);
        while (true)
        {
            try
            {
                var statuses = new List<EtcdStatus>();
                for (var host = 0; host < 3; host++)
                    statuses.Add(await Store.StatusAsync(Endpoint(host), limited.Token));
                var leader = statuses.FindIndex(status => status.Member == status.Leader);
                if (leader >= 0 && statuses.TrueForAll(status => status.Leader == statuses[leader].Member))
                    return leader;
            }
            catch (StoreUnavailableException)
            {
                // Not all are up.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(20), limited.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var host = 0; host < 3; host++)
            await StopAsync(host);
        _stores.ForEach(store => store.Dispose());
        foreach (var folder in _folders)
            folder.Dispose();
    }

    EtcdStore NewStore(int first)
    {
        var endpoints = Enumerable.Range(0, 3).Select(i => Endpoint((first + i) % 3));
        _stores.Add(new EtcdStore([.. endpoints], new EtcdClientSettings(), NullLogger.Instance));
        return _stores[^1];
    }
}
