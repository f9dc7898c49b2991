using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

/// <summary>From a file without problems to its record: required keys are there, with their types.</summary>
internal static class ClusterFileBinder
{
    public static ClusterFile Bind(YamlMap root) => new()
    {
        Cluster = Text(root["cluster"])!,
        Hosts = [.. Entries(root["hosts"]).Select(host => new HostSettings(new NodeName(host.Key), Text(host.Value)!))],
        Etcd = Etcd((YamlMap)root["etcd"]!),
        Postgres = Postgres((YamlMap)root["postgres"]!),
        PgProxy = root["pgproxy"] is YamlMap proxy ? PgProxy(proxy) : null,
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
            Dcs = DynamicSettingsJson.WithFileDefaults(map["dcs"]?.ToJson() as JsonObject ?? []),
        };
    }

    static PgProxySettings PgProxy(YamlMap map)
    {
        var missing = new PgProxySettings { On = [] };
        return new PgProxySettings
        {
            On = Names(map["on"]),
            Primary = Number(map["primary"]) ?? missing.Primary,
            Replicas = Number(map["replicas"]),
            HoldTimeout = Unit.ReadDuration(Text(map["hold_timeout"]) ?? "") ?? missing.HoldTimeout,
            User = Text(map["user"]) ?? missing.User,
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

    static int? Number(YamlItem? item) =>
        Text(item) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
