using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>What must hold between the keys of logging in through the proxy.</summary>
internal sealed partial class ClusterFileRules
{
    static readonly string[] s_loginKeys = 
    [
        "servers", "hba", "auth_user", "auth_dbname", "auth_query", "client_login_timeout",
        "application_name_add_host", "ignore_startup_parameters",
    ];

    void LoginsFit()
    {
        if (_root["pgproxy"] is not YamlMap proxy)
            return;
        var isPooled = proxy["pool"] is YamlScalar { Text: not "none" };
        foreach (var entry in proxy.Entries.Where(entry => !isPooled && s_loginKeys.Contains(entry.Key)))
            Report(entry.KeyMark, $"'pgproxy.{entry.Key}' needs 'pgproxy.pool' to be session or transaction");
        foreach (var entry in proxy.Entries.Where(entry => entry.Key is "auth_dbname" or "auth_query"))
        {
            if (proxy["auth_user"] is null)
                Report(entry.KeyMark, $"'pgproxy.{entry.Key}' needs 'pgproxy.auth_user': who asks");
        }
        if (proxy["auth_query"] is YamlScalar query && !query.Text.Contains("$1", StringComparison.Ordinal))
            Report(query.Mark, "'pgproxy.auth_query' must ask for $1, the user's name");
        if (proxy["servers"] is YamlMap servers)
            ServersFit(servers);
    }

    // libpq would verify with require, too, where it finds authorities: here it is said in one word.
    void ServersFit(YamlMap servers)
    {
        var mode = (servers["tls"] as YamlScalar)?.Text;
        var verifies = mode is "verify-ca" or "verify-full";
        if (verifies && servers["ca"] is null)
            Report(servers.Mark, $"'pgproxy.servers' needs 'ca' for {mode}: who signs the servers' certificates");
        if (!verifies && servers.Entry("ca") is { } ca)
            Report(ca.KeyMark, $"'pgproxy.servers.ca' is used with verify-ca or verify-full alone, not with {mode}");
        if (servers.Entry("certificate") is { } certificate && servers["key"] is null)
            Report(certificate.KeyMark, "'pgproxy.servers.certificate' needs 'pgproxy.servers.key'");
        if (servers.Entry("key") is { } key && servers["certificate"] is null)
            Report(key.KeyMark, "'pgproxy.servers.key' needs 'pgproxy.servers.certificate'");
    }
}
