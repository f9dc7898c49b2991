using System.Globalization;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>
/// What must hold between the values of a cluster file. Lenient about their form (the schema has told of that), so
/// that one look finds all problems.
/// </summary>
internal sealed partial class ClusterFileRules
{
    readonly string _fileName;
    readonly YamlMap _root;
    readonly List<FileProblem> _problems = [];

    ClusterFileRules(string fileName, YamlMap root)
    {
        _fileName = fileName;
        _root = root;
    }

    public static IReadOnlyList<FileProblem> Problems(string fileName, YamlMap root)
    {
        var rules = new ClusterFileRules(fileName, root);
        rules.AddressesAreUsableAndUnique();
        rules.HostsExist();
        rules.PortsAreFree();
        rules.OwnersExist();
        rules.PoolsFit();
        rules.LoginsFit();
        rules.RoutingFits();
        rules.AppsFit();
        rules.RoutesFit();
        rules.AppPeriodsFit();
        rules.PeriodsFit();
        return rules._problems;
    }

    void AddressesAreUsableAndUnique()
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var host in (_root["hosts"] as YamlMap)?.Entries ?? [])
        {
            if (host.Value is not YamlScalar address)
                continue;
            var firstByte = address.Text.Split('.')[0];
            if (int.TryParse(firstByte, CultureInfo.InvariantCulture, out var first) && first is 0 or >= 224 and <= 255)
                Report(address.Mark, $"'hosts.{host.Key}' can't be {address.Text}: no host has this address");
            if (!owners.TryAdd(address.Text, host.Key))
                Report(address.Mark, $"'hosts.{host.Key}' has the address {address.Text} of '{owners[address.Text]}'");
        }
    }

    void HostsExist()
    {
        if (_root["hosts"] is not YamlMap hosts)
            return;
        var names = hosts.Entries.Select(host => host.Key).ToList();
        foreach (var section in new[] { "etcd", "postgres", "pgproxy", "edge" })
            HostsExist(On(_root[section]), $"{section}.on", names);
        foreach (var app in Apps)
        {
            HostsExist(On(app.Value), $"apps.{app.Key}.on", names);
            foreach (var weight in ((app.Value as YamlMap)?["weights"] as YamlMap)?.Entries ?? [])
            {
                if (!On(app.Value).Any(host => string.Equals(host.Text, weight.Key, StringComparison.Ordinal)))
                    Report(weight.KeyMark, $"'apps.{app.Key}.weights' names {weight.Key}, where the app does not run");
            }
        }
    }

    void HostsExist(IEnumerable<YamlScalar> hosts, string path, List<string> names)
    {
        foreach (var name in hosts.Where(name => !names.Contains(name.Text, StringComparer.Ordinal)))
            Unknown("host", name, path, names);
    }

    sealed record PortUse(string Path, int Port, YamlMark Mark, HashSet<string> Hosts);

    void PortsAreFree()
    {
        PortUse?[] listed =
        [
            Port("etcd", "client_port", 2379),
            Port("etcd", "peer_port", 2380),
            Port("postgres", "listen", 5432),
            Port("postgres", "rest", 8008),
            Port("pgproxy", "primary", 5000),
            Port("pgproxy", "replicas", null),
            Port("pgproxy", "metrics", null),
            .. Apps.Select(app => Port($"apps.{app.Key}", app.Value, app, "port", null)),
            Port("edge.listen", (_root["edge"] as YamlMap)?["listen"], _root.Entry("edge"), "http", 80),
            Port("edge.listen", (_root["edge"] as YamlMap)?["listen"], _root.Entry("edge"), "metrics", 9180),
        ];
        var uses = listed.OfType<PortUse>().OrderBy(use => use.Mark).ToList();
        foreach (var (index, later) in uses.Index())
        {
            foreach (var earlier in uses.Take(index).Where(use => use.Port == later.Port))
            {
                var hosts = string.Join(", ", later.Hosts.Intersect(earlier.Hosts, StringComparer.Ordinal));
                var users = $"by '{earlier.Path}' and '{later.Path}'";
                if (hosts.Length > 0)
                    Report(later.Mark, $"port {later.Port} is used twice on {hosts}: {users}");
            }
        }
    }

    PortUse? Port(string section, string key, int? missing) =>
        Port(section, _root[section], _root.Entry(section), key, missing);

    // The place of a default port is that of its section.
    static PortUse? Port(string path, YamlItem? ports, YamlEntry? section, string key, int? missing)
    {
        if (section?.Value is not YamlMap)
            return null;
        var hosts = On(section.Value).Select(name => name.Text).ToHashSet(StringComparer.Ordinal);
        if ((ports as YamlMap)?[key] is not YamlScalar scalar)
            return missing is { } port ? new PortUse($"{path}.{key}", port, section.KeyMark, hosts) : null;
        return int.TryParse(scalar.Text, CultureInfo.InvariantCulture, out var given)
            ? new PortUse($"{path}.{key}", given, scalar.Mark, hosts)
            : null;
    }

    void OwnersExist()
    {
        if (_root["postgres"] is not YamlMap { } postgres || postgres["users"] is not YamlMap users)
            return;
        var names = users.Entries.Select(user => user.Key).Order(StringComparer.Ordinal).ToList();
        foreach (var database in (postgres["databases"] as YamlMap)?.Entries ?? [])
        {
            if ((database.Value as YamlMap)?["owner"] is not YamlScalar owner)
                continue;
            var path = $"postgres.databases.{database.Key}.owner";
            if (!names.Contains(owner.Text, StringComparer.Ordinal))
                Unknown("user", owner, path, names);
        }
    }

    void PeriodsFit()
    {
        if ((_root["postgres"] as YamlMap)?["dcs"] is not YamlMap dcs || dcs["loop_wait"] is not YamlScalar loopWait)
            return;
        var ttl = Seconds(dcs["ttl"]) ?? DynamicSettingsJson.TtlSeconds;
        if (ttl < DynamicSettingsJson.PatroniTtlSeconds && Seconds(loopWait) is > 1)
            Report(loopWait.Mark, $"'postgres.dcs.loop_wait' must be 1 at a ttl below 20, not {loopWait.Text}");
        else if (Seconds(loopWait) >= ttl)
            Report(loopWait.Mark, $"'postgres.dcs.loop_wait' must be less than the ttl of {ttl}, not {loopWait.Text}");
    }

    static int? Seconds(YamlItem? item) =>
        int.TryParse((item as YamlScalar)?.Text, CultureInfo.InvariantCulture, out var value) ? value : null;

    static IEnumerable<YamlScalar> On(YamlItem? section) => Scalars((section as YamlMap)?["on"]);

    static IEnumerable<YamlScalar> Scalars(YamlItem? item) =>
        item is YamlList list ? list.Items.OfType<YamlScalar>() : [];

    void Unknown(string kind, YamlScalar name, string path, List<string> names)
    {
        var expected = names.Count == 0
            ? "there is none"
            : $"expected one of {string.Join(", ", names)}{Nearest.Hint(name.Text, names)}";
        Report(name.Mark, $"unknown {kind} '{name.Text}' in '{path}'; {expected}");
    }

    void Report(YamlMark mark, string message) => _problems.Add(new FileProblem(_fileName, mark, message));
}
