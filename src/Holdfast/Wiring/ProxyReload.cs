using Holdfast.Cluster.Configuration;
using Holdfast.Commands;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;

namespace Holdfast.Wiring;

/// <summary>Reads the cluster file for the proxy: at its start, and whenever somebody asks for it.</summary>
/// <param name="path">Of the cluster file.</param>
/// <param name="users">Of the list of users; null: those of the cluster file.</param>
sealed class ProxyReload(string path, string? users)
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
                : (Settings(file, proxy), PgProxyAccess.Read(new OpenFile(path, file), proxy, users), []);
        }
        catch (Exception refused) when (refused is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return (null, null, [refused.Message]);
        }
    }

    public static ProxySettings Settings(ClusterFile file, PgProxySettings proxy) => new()
    {
        Cluster = file.Cluster,
        PrimaryPort = proxy.Primary,
        ReplicasPort = proxy.Replicas,
        HoldTimeout = proxy.HoldTimeout,
        ClientLoginTimeout = proxy.Login.ClientLoginTimeout,
        DefaultTtl = file.Postgres.Dcs.Ttl,
        Console = new ConsoleSettings(proxy.Operation.AdminUsers, proxy.Operation.StatsUsers),
        MetricsPort = proxy.Operation.Metrics,
        DrainLimit = proxy.Operation.DrainTimeout,
        HandoverTime = proxy.Operation.HandoverTimeout,
        Pools = proxy.Pool == PoolKind.None ? null : Pools(proxy),
    };

    static PoolSettings Pools(PgProxySettings proxy) =>
        new PoolSettings { Mode = PoolMode.Session, Databases = proxy.Databases, Users = proxy.Users }
            .With(proxy.Limits);
}
