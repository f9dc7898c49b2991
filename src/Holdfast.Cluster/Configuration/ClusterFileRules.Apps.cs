using Holdfast.Foundation.Yaml;

namespace Holdfast.Cluster.Configuration;

internal sealed partial class ClusterFileRules
{
    /// <summary>Holdfast's own programs: an app of that name would take their logs and records.</summary>
    static readonly string[] Own = ["etcd", "agent", "pgproxy", "edge", "postgres", "supervisor", "pg"];

    /// <summary>Of those, the ones that an app may wait for.</summary>
    static readonly string[] Awaitable = ["etcd", "agent", "pgproxy"];

    IEnumerable<YamlEntry> Apps => (_root["apps"] as YamlMap)?.Entries ?? [];

    void AppsFit()
    {
        var names = Apps.Select(app => app.Key).ToList();
        foreach (var app in Apps)
        {
            if (Own.Contains(app.Key, StringComparer.Ordinal))
                Report(app.KeyMark, $"no app can be called '{app.Key}': a program of Holdfast is");
            if (app.Value is not YamlMap map)
                continue;
            var others = Awaitable.Concat(names.Where(name => name != app.Key)).ToList();
            // Its own name is what NobodyWaitsForItself tells of.
            foreach (var after in Scalars(map["after"]).Where(
                name => name.Text != app.Key && !others.Contains(name.Text, StringComparer.Ordinal)))
                Unknown("program", after, $"apps.{app.Key}.after", others);
            if (map["health"] is YamlMap health && map["port"] is null
                && (health["http"] ?? health["tcp"]) is { } asked)
                Report(asked.Mark, $"'apps.{app.Key}.health' asks a port, and the app has none; add 'port'");
        }
        NobodyWaitsForItself();
    }

    void NobodyWaitsForItself()
    {
        var after = Apps.ToDictionary(
            app => app.Key,
            app => Scalars((app.Value as YamlMap)?["after"]).Select(name => name.Text).ToList(),
            StringComparer.Ordinal);
        foreach (var app in Apps)
        {
            if (Reaches(app.Key, app.Key, after, []))
                Report(app.KeyMark, $"'apps.{app.Key}.after' leads back to {app.Key}: it would wait for itself");
        }
    }

    /// <summary>A period of nothing would spin, and the timers know no period of months.</summary>
    void AppPeriodsFit()
    {
        foreach (var app in Apps)
        {
            var map = app.Value as YamlMap;
            PeriodFits(map, $"apps.{app.Key}", "stop_grace", "0s", "1h");
            PeriodFits(map?["health"], $"apps.{app.Key}.health", "every", "100ms", "1h");
            PeriodFits(map?["health"], $"apps.{app.Key}.health", "timeout", "10ms", "1h");
            PeriodFits(map?["health"], $"apps.{app.Key}.health", "start", "100ms", "1d");
            PeriodFits(map?["prepare"], $"apps.{app.Key}.prepare", "limit", "1s", "7d");
        }
        foreach (var route in ((_root["edge"] as YamlMap)?["routes"] as YamlList)?.Items ?? [])
        {
            PeriodFits(route, "edge.routes", "timeout", "10ms", "1d");
            PeriodFits(route, "edge.routes", "fail_timeout", "10ms", "1d");
        }
    }

    void PeriodFits(YamlItem? section, string path, string key, string least, string most)
    {
        if ((section as YamlMap)?[key] is YamlScalar scalar && Unit.ReadDuration(scalar.Text) is { } given
            && (given < Unit.ReadDuration(least) || given > Unit.ReadDuration(most)))
            Report(scalar.Mark, $"'{path}.{key}' must be between {least} and {most}, not {scalar.Text}");
    }

    static bool Reaches(string from, string to, Dictionary<string, List<string>> after, HashSet<string> seen) =>
        after.GetValueOrDefault(from, []).Any(
            next => next == to || (seen.Add(next) && Reaches(next, to, after, seen)));

    void RoutesFit()
    {
        var served = Apps.Where(app => (app.Value as YamlMap)?["port"] is not null).Select(app => app.Key).ToList();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        if ((_root["edge"] as YamlMap)?["routes"] is not YamlList routes)
            return;
        foreach (var route in routes.Items.OfType<YamlMap>())
        {
            if (route["path"] is YamlScalar path && !paths.Add(path.Text))
                Report(path.Mark, $"'edge.routes' has the path {path.Text} twice");
            if (route["to"] is not YamlScalar to || served.Contains(to.Text, StringComparer.Ordinal))
                continue;
            if (Apps.Any(app => app.Key == to.Text))
                Report(to.Mark, $"'edge.routes' leads to {to.Text}, which has no port");
            else
                Unknown("app", to, "edge.routes", served);
        }
    }
}
