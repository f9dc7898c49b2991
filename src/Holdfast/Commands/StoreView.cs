using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Holdfast.Store.Layout;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Commands;

/// <summary>One linearizable read of a whole cluster, straight from etcd: a command needs no agent to be
/// well.</summary>
static class StoreView
{
    /// <summary>Patroni's namespace in the store.</summary>
    const string StoreRoot = "service";

    /// <summary>Null after the problem was written: no member of etcd answered within the client's limit.</summary>
    public static async Task<ClusterView?> ReadAsync(ClusterFile file, TextWriter errors, CancellationToken stop)
    {
        var endpoints = file.EtcdEndpoints();
        var keys = new PatroniKeys(StoreRoot, file.Cluster);
        var ours = new HoldfastKeys(file.Cluster);
        using var store = new EtcdStore(endpoints, new EtcdClientSettings(), NullLogger.Instance);
        try
        {
            return ClusterReader.Read(await store.ReadAsync([keys.Prefix, ours.TermBase], stop), keys, ours);
        }
        catch (StoreUnavailableException unavailable)
        {
            await errors.WriteLineAsync(
                $"holdfast: no answer from etcd at {string.Join(", ", endpoints)}: {unavailable.Message}");
            return null;
        }
    }
}
