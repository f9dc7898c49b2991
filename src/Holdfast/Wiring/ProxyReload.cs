using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Commands;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;

namespace Holdfast.Wiring;

/// <summary>Reads the cluster file for the proxy: at its start, and whenever somebody asks for it.</summary>
/// <param name="path">Of the cluster file.</param>
/// <param name="name">This host's name in it.</param>
/// <param name="users">Of the list of users; null: those of the cluster file.</param>
sealed class ProxyReload(string path, NodeName name, string? users)
{
    /// <summary>All of it, or what is wrong with it. Changes nothing.</summary>
    public (ProxySettings? Settings, Access? Access, IReadOnlyList<string> Problems) Read()
    {
        try
        {
            var reading = ConfigFiles.Read(path);
            if (reading.File is not { } file)
                return (null, null, [.. reading.Problems.Select(problem => problem.ToString())]);
            return file.PgProxy is not { } proxy
                ? (null, null, ["the file has no section pgproxy"])
                : (Settings(file, proxy, name), PgProxyAccess.Read(new OpenFile(path, file), proxy, users), []);
        }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return (null, null, [refused.Message]);
        }
    }

    public static ProxySettings Settings(ClusterFile file, PgProxySettings proxy, NodeName name) => new()
    {
        Cluster = file.Cluster,
        PrimaryPort = proxy.Primary,
        ReplicasPort = proxy.Replicas,
        HoldTimeout = proxy.HoldTimeout,
        ClientLoginTimeout = proxy.Login.ClientLoginTimeout,
        ClientsMax = proxy.MaxClientConn ?? ProxySettings.ClientsMaxByDefault,
        DefaultTtl = file.Postgres.Dcs.Ttl,
        Patroni = proxy.Routing.Patroni,
        Replicas = new ReplicaSettings
        {
            Weights = proxy.Routing.Weights,
            LagLimit = (ulong?)proxy.Routing.LagLimit,
            FallsBack = proxy.Routing.Fallback,
        },
        Peers = new PeerSettings
        {
            Self = name,
            Peers = [.. proxy.On.Select(host => new ProxyPeer(host, file.AddressOf(host), proxy.Primary))],
        },
        Console = new ConsoleSettings(proxy.Operation.AdminUsers, proxy.Operation.StatsUsers),
        MetricsPort = proxy.Operation.Metrics,
        DrainLimit = proxy.Operation.DrainTimeout,
        HandoverTime = proxy.Operation.HandoverTimeout,
        Pools = proxy.Pool == PoolKind.None ? null : Pools(proxy),
    };

    static PoolSettings Pools(PgProxySettings proxy) =>
        new PoolSettings
        {
            Mode = PoolMode.Session,
            Databases = proxy.Databases,
            Users = proxy.Users,
            AsksPassword = !proxy.TrustsClients,
        }.With(proxy.Limits);
}
