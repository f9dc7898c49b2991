using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>From a file without problems to its record: required keys are there, with their types.</summary>
internal static partial class ClusterFileBinder
{
    public static ClusterFile Bind(YamlMap root) => new()
    {
        Cluster = Text(root["cluster"])!,
        Hosts = [.. Entries(root["hosts"]).Select(host => new HostSettings(new NodeName(host.Key), Text(host.Value)!))],
        Etcd = root["etcd"] is YamlMap etcd ? Etcd(etcd) : new EtcdSettings(),
        Postgres = root["postgres"] is YamlMap postgres ? Postgres(postgres) : new PostgresSettings { On = [] },
        PgProxy = root["pgproxy"] is YamlMap proxy ? PgProxy(proxy) : null,
        Apps = [.. Entries(root["apps"]).Select(app => App(app.Key, (YamlMap)app.Value))],
        Edge = root["edge"] is YamlMap edge ? Edge(edge) : null,
    };

    static EtcdSettings Etcd(YamlMap map)
    {
        var missing = new EtcdSettings();
        return new EtcdSettings
        {
            On = Names(map["on"]),
            Endpoints = Texts(map["endpoints"]),
            ClientPort = Number(map["client_port"]) ?? missing.ClientPort,
            PeerPort = Number(map["peer_port"]) ?? missing.PeerPort,
            User = Text(map["user"]) ?? missing.User,
        };
    }

    static PostgresSettings Postgres(YamlMap map)
    {
        var missing = new PostgresSettings { On = [] };
        return new PostgresSettings
        {
            On = Names(map["on"]),
            Listen = Number(map["listen"]) ?? missing.Listen,
            Rest = Number(map["rest"]) ?? missing.Rest,
            User = Text(map["user"]) ?? missing.User,
            BinDir = Text(map["bin_dir"]),
            Users = Entries(map["users"]).ToImmutableSortedDictionary(
                user => user.Key, user => Secret((user.Value as YamlMap)?["password"]), StringComparer.Ordinal),
            Databases = Entries(map["databases"]).ToImmutableSortedDictionary(
                entry => entry.Key, entry => Text((entry.Value as YamlMap)?["owner"]), StringComparer.Ordinal),
            Watchdog = map["watchdog"] is YamlMap watchdog ? Watchdog(watchdog) : missing.Watchdog,
            Dcs = DynamicSettingsJson.WithFileDefaults(map["dcs"]?.ToJson() as JsonObject ?? []),
        };
    }

    static WatchdogSettings Watchdog(YamlMap map)
    {
        var missing = new WatchdogSettings();
        return new WatchdogSettings
        {
            Mode = Text(map["mode"]) is { } mode ? WatchdogSettings.ModeOf(mode) ?? missing.Mode : missing.Mode,
            Device = Text(map["device"]) ?? missing.Device,
            SafetyMargin = Number(map["safety_margin"]) ?? missing.SafetyMargin,
        };
    }

    static AppSettings App(string name, YamlMap map)
    {
        var missing = new AppSettings { Name = name, On = [], Command = [] };
        return new AppSettings
        {
            Name = name,
            On = Names(map["on"]),
            Command = Texts(map["command"]),
            User = Text(map["user"]) ?? missing.User,
            Port = Number(map["port"]),
            Environment = Entries(map["env"]).ToImmutableSortedDictionary(
                variable => variable.Key, variable => Secret(variable.Value)!, StringComparer.Ordinal),
            After = Texts(map["after"]),
            Prepare = map["prepare"] is YamlMap prepare
                ? new PrepareSettings(
                    Texts(prepare["command"]), Duration(prepare["limit"]) ?? PrepareSettings.DefaultLimit)
                : null,
            Health = map["health"] is YamlMap health ? Health(health) : null,
            Weights = Entries(map["weights"]).ToImmutableSortedDictionary(
                weight => new NodeName(weight.Key), weight => Number(weight.Value)!.Value),
            StopGrace = Duration(map["stop_grace"]) ?? missing.StopGrace,
        };
    }

    static HealthSettings Health(YamlMap map)
    {
        var missing = new HealthSettings();
        return new HealthSettings
        {
            Http = Text(map["http"]),
            Tcp = map["tcp"] is not null,
            Command = Texts(map["command"]),
            Every = Duration(map["every"]) ?? missing.Every,
            Timeout = Duration(map["timeout"]) ?? missing.Timeout,
            Rise = Number(map["rise"]) ?? missing.Rise,
            Fall = Number(map["fall"]) ?? missing.Fall,
            Start = Duration(map["start"]) ?? missing.Start,
        };
    }

    static EdgeSettings Edge(YamlMap map)
    {
        var missing = new EdgeSettings { On = [], Routes = [] };
        var listen = map["listen"] as YamlMap;
        return new EdgeSettings
        {
            On = Names(map["on"]),
            User = Text(map["user"]) ?? missing.User,
            Http = Number(listen?["http"]) ?? missing.Http,
            Metrics = Number(listen?["metrics"]) ?? missing.Metrics,
            Routes = [.. ((YamlList)map["routes"]!).Items.OfType<YamlMap>().Select(Route)],
        };
    }

    static RouteSettings Route(YamlMap map)
    {
        var missing = new RouteSettings { Path = "", To = "" };
        return new RouteSettings
        {
            Path = Text(map["path"])!,
            To = Text(map["to"])!,
            MaxFails = Number(map["max_fails"]) ?? missing.MaxFails,
            FailTimeout = Duration(map["fail_timeout"]) ?? missing.FailTimeout,
            Timeout = Duration(map["timeout"]) ?? missing.Timeout,
            BodyMax = Unit.ReadBytes(Text(map["body_max"]) ?? "") ?? missing.BodyMax,
        };
    }

    static SecretSettings? Secret(YamlItem? item) => item switch
    {
        YamlMap map => new SecretSettings(null, Text(map["file"]), Text(map["env"])),
        YamlScalar scalar => new SecretSettings(scalar.Text, null, null),
        _ => null,
    };

    static ImmutableArray<YamlEntry> Entries(YamlItem? item) => item is YamlMap map ? map.Entries : [];
    static string? Text(YamlItem? item) => (item as YamlScalar)?.TextOrNull;

    static ImmutableArray<string> Texts(YamlItem? item) =>
        item is YamlList list ? [.. list.Items.OfType<YamlScalar>().Select(scalar => scalar.Text)] : [];

    static ImmutableArray<NodeName> Names(YamlItem? item) => [.. Texts(item).Select(text => new NodeName(text))];

    static TimeSpan? Duration(YamlItem? item) => Unit.ReadDuration(Text(item) ?? "");

    static int? Number(YamlItem? item) =>
        Text(item) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
