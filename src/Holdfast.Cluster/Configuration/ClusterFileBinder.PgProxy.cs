using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>The proxy's section of the file.</summary>
internal static partial class ClusterFileBinder
{
    static PgProxySettings PgProxy(YamlMap map)
    {
        var missing = new PgProxySettings { On = [] };
        return new PgProxySettings
        {
            On = Names(map["on"]),
            Primary = Number(map["primary"]) ?? missing.Primary,
            Replicas = Number(map["replicas"]),
            HoldTimeout = Duration(map["hold_timeout"]) ?? missing.HoldTimeout,
            Pool = Text(map["pool"]) switch
            {
                "session" => PoolKind.Session,
                "transaction" => PoolKind.Transaction,
                _ => PoolKind.None,
            },
            PoolSize = Number(map["pool_size"]) ?? missing.PoolSize,
            Tls = map["tls"] is YamlMap tls
                ? new ClientTlsSettings(
                    Text(tls["certificate"])!, Text(tls["key"])!, Text(tls["client_ca"]),
                    Text(tls["required"]) == "true")
                : null,
            User = Text(map["user"]) ?? missing.User,
        };
    }
}
