using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Tests.Lab;

/// <summary>Three hosts with everything on each, as the sample has them.</summary>
static class ClusterFiles
{
    public static ClusterFile Three() => new()
    {
        Cluster = "films",
        Hosts = [
            new(new NodeName("n1"), "10.77.0.11"),
            new(new NodeName("n2"), "10.77.0.12"),
            new(new NodeName("n3"), "10.77.0.13")
        ],
        Etcd = new EtcdSettings { On = [new("n1"), new("n2"), new("n3")] },
        Postgres = new PostgresSettings { On = [new("n1"), new("n2"), new("n3")] },
        PgProxy = new PgProxySettings { On = [new("n2"), new("n1")], Replicas = 5001 },
    };

    /// <summary>The same with two apps, and an edge on two hosts.</summary>
    public static ClusterFile WithApps() => Three() with
    {
        Apps =
        [
            new AppSettings { Name = "bingo", On = [new("n1"), new("n2")], Command = ["bingo"], Port = 13526 },
            new AppSettings { Name = "feed", On = [new("n1")], Command = ["feed"] },
        ],
        Edge = new EdgeSettings
        {
            On = [new("n2"), new("n1")],
            Routes = [new RouteSettings { Path = "/", To = "bingo" }],
        },
    };
}
