using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Supervisor.Decisions;

/// <summary>Where the managed members of the file are reached.</summary>
static class EtcdUrls
{
    public static string Client(ClusterFile file, NodeName host) => $"http://{ClientEndpoint(file, host)}";

    /// <summary>host:port</summary>
    public static string ClientEndpoint(ClusterFile file, NodeName host) =>
        $"{file.AddressOf(host)}:{file.Etcd.ClientPort}";

    public static string Peer(ClusterFile file, NodeName host) => $"http://{file.AddressOf(host)}:{file.Etcd.PeerPort}";
}
