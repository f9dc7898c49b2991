using System.Collections.Immutable;
using Holdfast.Cluster.Model;
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
            Pool = Kind(map["pool"]) ?? missing.Pool,
            Limits = Limits(map),
            Databases = Limits(Entries(map["databases"])),
            Users = Limits(Entries(map["users"])),
            MaxClientConn = Number(map["max_client_conn"]),
            TrustsClients = Text(map["auth_type"]) == "trust",
            Tls = map["tls"] is YamlMap tls
                ? new ClientTlsSettings(
                    Text(tls["certificate"])!, Text(tls["key"])!, Text(tls["client_ca"]),
                    Truth(tls["required"]) == true)
                : null,
            Login = Login(map),
            Servers = map["servers"] is YamlMap servers ? Servers(servers) : null,
            Operation = ProxyOperation(map),
            Routing = Routing(map),
            User = Text(map["user"]) ?? missing.User,
        };
    }

    static PoolKind? Kind(YamlItem? item) => Text(item) switch
    {
        "session" => PoolKind.Session,
        "transaction" => PoolKind.Transaction,
        "none" => PoolKind.None,
        _ => null,
    };

    static ImmutableSortedDictionary<string, PoolLimits> Limits(ImmutableArray<YamlEntry> entries) =>
        entries.Where(entry => entry.Value is YamlMap).ToImmutableSortedDictionary(
            entry => entry.Key, entry => Limits((YamlMap)entry.Value), StringComparer.Ordinal);

    static PoolLimits Limits(YamlMap map) => new()
    {
        Pool = Kind(map["pool"]),
        PoolSize = Number(map["pool_size"]),
        ReservePoolSize = Number(map["reserve_pool_size"]),
        ReservePoolTimeout = Duration(map["reserve_pool_timeout"]),
        MinPoolSize = Number(map["min_pool_size"]),
        MaxDbConnections = Number(map["max_db_connections"]),
        MaxUserConnections = Number(map["max_user_connections"]),
        MaxDbClientConnections = Number(map["max_db_client_connections"]),
        MaxUserClientConnections = Number(map["max_user_client_connections"]),
        QueryWaitTimeout = Duration(map["query_wait_timeout"]),
        QueryTimeout = Duration(map["query_timeout"]),
        IdleTransactionTimeout = Duration(map["idle_transaction_timeout"]),
        ClientIdleTimeout = Duration(map["client_idle_timeout"]),
        ServerIdleTimeout = Duration(map["server_idle_timeout"]),
        ServerLifetime = Duration(map["server_lifetime"]),
        ServerResetQuery = Text(map["server_reset_query"]),
        ServerResetQueryAlways = Truth(map["server_reset_query_always"]),
        RepeatSelects = Truth(map["repeat_selects"]),
        ResolveCommits = Truth(map["resolve_commits"]),
        ReadYourWrites = Duration(map["read_your_writes"]),
    };

    static bool? Truth(YamlItem? item) => Text(item) is { } text ? YamlScalar.TruthOf(text) : null;

    static LoginSettings Login(YamlMap map)
    {
        var missing = new LoginSettings();
        return new LoginSettings
        {
            Hba = Text(map["hba"]),
            AuthUser = Text(map["auth_user"]),
            AuthDbname = Text(map["auth_dbname"]) ?? missing.AuthDbname,
            AuthQuery = Text(map["auth_query"]),
            ClientLoginTimeout = Duration(map["client_login_timeout"]) ?? missing.ClientLoginTimeout,
            ApplicationNameAddHost = Truth(map["application_name_add_host"]) == true,
            IgnoreStartupParameters = Texts(map["ignore_startup_parameters"]),
        };
    }

    static ServerTlsSettings Servers(YamlMap map) => new(
        Text(map["tls"]) switch
        {
            "prefer" => ServerTlsKind.Prefer,
            "require" => ServerTlsKind.Require,
            "verify-ca" => ServerTlsKind.VerifyCa,
            "verify-full" => ServerTlsKind.VerifyFull,
            _ => ServerTlsKind.Disable,
        },
        Text(map["ca"]), Text(map["certificate"]), Text(map["key"]));

    static ProxyOperationSettings ProxyOperation(YamlMap map)
    {
        var missing = new ProxyOperationSettings();
        return new ProxyOperationSettings
        {
            AdminUsers = Texts(map["admin_users"]),
            StatsUsers = Texts(map["stats_users"]),
            Metrics = Number(map["metrics"]),
            DrainTimeout = Duration(map["drain_timeout"]) ?? missing.DrainTimeout,
            HandoverTimeout = Duration(map["handover_timeout"]) ?? missing.HandoverTimeout,
        };
    }

    static RoutingSettings Routing(YamlMap map) => new()
    {
        Weights = Entries(map["weights"]).ToImmutableSortedDictionary(
            weight => new NodeName(weight.Key), weight => Number(weight.Value)!.Value),
        LagLimit = Unit.ReadBytes(Text(map["lag_limit"]) ?? ""),
        Fallback = Truth(map["fallback"]) != false,
        Patroni = Texts(map["patroni"]),
    };
}
