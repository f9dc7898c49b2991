using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Supervisor.Decisions;

namespace Holdfast.Tests.Supervisor;

static class Nodes
{
    public static readonly NodeName N1 = new("n1"), N2 = new("n2"), N3 = new("n3");

    public static readonly NodePaths Paths = new("/var/lib/holdfast", "/run/holdfast", "/opt/holdfast/holdfast");

    public static readonly ClusterFile File = new()
    {
        Cluster = "films",
        Hosts = [new(N1, "10.0.0.1"), new(N2, "10.0.0.2"), new(N3, "10.0.0.3")],
        Etcd = new EtcdSettings { On = [N1, N2, N3] },
        Postgres = new PostgresSettings
        {
            On = [N1, N2],
            Dcs = new DynamicSettings { Ttl = TimeSpan.FromSeconds(3) },
        },
        PgProxy = new PgProxySettings { On = [N1, N3] },
    };
}
