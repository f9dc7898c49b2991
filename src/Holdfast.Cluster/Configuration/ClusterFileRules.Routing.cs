using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>What the proxy's routing needs of the rest of the file.</summary>
internal sealed partial class ClusterFileRules
{
    // A cluster of Patroni's own is none of the file's: nothing here runs it.
    void RoutingFits()
    {
        var proxy = _root["pgproxy"] as YamlMap;
        var patroni = proxy?.Entry("patroni");
        var keys = _root.Entries.Select(entry => entry.Key).ToList();
        foreach (var section in new[] { "etcd", "postgres" })
            SectionIsThere(section, keys, patroni is not null);
        if (patroni is not null && _root.Entry("postgres") is { } postgres)
        {
            Report(postgres.KeyMark,
                "'postgres' can't be beside 'pgproxy.patroni': that cluster is run by Patroni, not by this file");
        }
        foreach (var entry in proxy?.Entries.Where(entry => entry.Key is "weights" or "lag_limit" or "fallback") ?? [])
        {
            if (proxy!["replicas"] is null)
                Report(entry.KeyMark, $"'pgproxy.{entry.Key}' needs the port 'pgproxy.replicas'");
        }
        // Patroni's members have names of their own.
        var hosts = On(_root["postgres"]).Select(host => host.Text).ToList();
        foreach (var weight in (proxy?["weights"] as YamlMap)?.Entries ?? [])
        {
            if (patroni is null && !hosts.Contains(weight.Key, StringComparer.Ordinal))
            {
                Report(weight.KeyMark, $"'pgproxy.weights' names {weight.Key}, where no PostgreSQL runs; "
                    + $"expected one of {string.Join(", ", hosts)}{Nearest.Hint(weight.Key, hosts)}");
            }
        }
    }

    void SectionIsThere(string section, List<string> keys, bool isPatronis)
    {
        // A misspelt key is told as such.
        if (keys.Exists(key => key == section || Nearest.Word(key, [section]) is not null))
            return;
        if (!isPatronis)
            Report(_root.Mark, $"missing key '{section}'");
        else if (section == "etcd" && keys.Find(key => key is "apps" or "edge") is { } user)
            Report(_root.Entry(user)!.KeyMark, $"'{user}' needs 'etcd'");
    }
}
