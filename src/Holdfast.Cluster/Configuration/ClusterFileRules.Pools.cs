using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>What must hold in the proxy's section.</summary>
internal sealed partial class ClusterFileRules
{
    /// <summary>A client with a server of its own has that server's encryption, and a place in its line.</summary>
    static readonly string[] s_ofPools =
    [
        "tls", "pool_size", "reserve_pool_size", "reserve_pool_timeout", "min_pool_size", "max_db_connections",
        "max_user_connections", "max_db_client_connections", "max_user_client_connections", "query_wait_timeout",
        "query_timeout", "idle_transaction_timeout", "client_idle_timeout", "server_idle_timeout", "server_lifetime",
        "server_reset_query", "server_reset_query_always", "repeat_selects", "resolve_commits", "read_your_writes",
        "databases", "users", "admin_users", "stats_users", "auth_type",
    ];

    void PoolsFit()
    {
        if (_root["pgproxy"] is not YamlMap proxy)
            return;
        if (proxy["pool"] is not YamlScalar { Text: not "none" })
        {
            foreach (var entry in proxy.Entries.Where(entry => s_ofPools.Contains(entry.Key, StringComparer.Ordinal)))
                Report(entry.KeyMark, $"'pgproxy.{entry.Key}' needs 'pgproxy.pool' to be session or transaction");
            return;
        }
        MinimumFits("pgproxy", proxy, missing: null);
        foreach (var kind in new[] { "databases", "users" })
        {
            foreach (var entry in (proxy[kind] as YamlMap)?.Entries ?? [])
                MinimumFits($"pgproxy.{kind}.{entry.Key}", entry.Value as YamlMap, Seconds(proxy["pool_size"]));
        }
    }

    // Where the size is another section's, the smaller of both is kept.
    void MinimumFits(string path, YamlMap? pool, int? missing)
    {
        var size = Seconds(pool?["pool_size"]) ?? missing;
        if (pool?["min_pool_size"] is YamlScalar least && Seconds(least) > size)
            Report(least.Mark, $"'{path}.min_pool_size' can't be more than the pool_size of {size}, not {least.Text}");
    }
}
