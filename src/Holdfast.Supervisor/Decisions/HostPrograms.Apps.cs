using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;

namespace Holdfast.Supervisor.Decisions;

public static partial class HostPrograms
{
    static readonly TimeSpan EdgeStopGrace = TimeSpan.FromSeconds(10);

    /// <summary>Ports below this one are the superuser's (ip(7), ip_unprivileged_port_start).</summary>
    const int FirstFreePort = 1024;

    /// <summary>Each after the apps of this host that it names, else in the file's order.</summary>
    static IEnumerable<ProgramSpec> AppsOn(ClusterFile file, NodeName host, NodePaths paths)
    {
        var here = file.Apps.Where(app => app.On.Contains(host)).ToList();
        var ordered = new List<AppSettings>();
        foreach (var app in here)
            Place(app, here, ordered, []);
        var secrets = SecretVariables(file);
        return ordered.Select(app => AppOn(file, app, host, paths) with { HiddenVariables = secrets });
    }

    // The file's rules know no circle; were there one, its members come in the order in which they are met.
    static void Place(AppSettings app, List<AppSettings> here, List<AppSettings> ordered, HashSet<string> waiting)
    {
        if (ordered.Contains(app) || !waiting.Add(app.Name))
            return;
        foreach (var other in here.Where(other => app.After.Contains(other.Name, StringComparer.Ordinal)))
            Place(other, here, ordered, waiting);
        ordered.Add(app);
    }

    /// <summary>Variables of the supervisor that hold a secret of the file: no app inherits another's.</summary>
    static ImmutableArray<string> SecretVariables(ClusterFile file) =>
    [
        .. file.Postgres.Users.Values.Concat(file.Apps.SelectMany(app => app.Environment.Values))
            .Select(secret => secret?.Env).OfType<string>()
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>Without the variables of the file: the supervisor adds them, since they may be secrets.</summary>
    static ProgramSpec AppOn(ClusterFile file, AppSettings app, NodeName host, NodePaths paths)
    {
        var address = file.AddressOf(host);
        var health = app.Health ?? new HealthSettings { Tcp = app.Port is not null };
        return new ProgramSpec
        {
            Name = app.Name,
            User = app.User,
            CgroupLeaf = app.Name,
            StopGrace = app.StopGrace,
            Command = app.Command,
            WorkingDirectory = paths.AppFolder(app.Name),
            Environment = Variables(
                ("HOME", paths.AppFolder(app.Name)), ("USER", app.User), ("LOGNAME", app.User)),
            After = app.After,
            // Who names an app wants to find it serving: for as long as the file gives it to get there.
            AwaitedFor = health.Start + (app.Prepare?.Limit ?? TimeSpan.Zero),
            Readiness = Question(health, address, app.Port),
            App = new AppSpec
            {
                Address = app.Port is { } port ? $"{address}:{port}" : null,
                Weight = app.WeightOn(host),
                Health = health,
                Prepare = app.Prepare,
            },
        };
    }

    static Readiness? Question(HealthSettings health, string address, int? port) => (health, port) switch
    {
        ({ Http: { } path }, { } at) => new Readiness.Http(new Uri($"http://{address}:{at}{path}")),
        ({ Tcp: true }, { } at) => new Readiness.Tcp(address, at),
        ({ Command.IsDefaultOrEmpty: false }, _) => new Readiness.Command(health.Command),
        _ => null,
    };

    static ProgramSpec EdgeOn(ClusterFile file, EdgeSettings edge, NodeName host, NodePaths paths) => new()
    {
        Name = Edge,
        User = edge.User,
        CgroupLeaf = Edge,
        StopGrace = EdgeStopGrace,
        Readiness = new Readiness.Tcp(file.AddressOf(host), edge.Http),
        BindsLowPort = edge.Http < FirstFreePort,
        Command =
        [
            paths.Binary, "edge", "--config", paths.EdgeFile, "--name", host.Value,
            "--data", paths.Data, "--run", paths.Run,
        ],
        Environment = Variables(
            ("HOME", paths.EdgeFolder),
            ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1")),
    };
}
