using System.Collections.Immutable;
using Holdfast.Cluster.Configuration;
using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

/// <summary>What a host runs of the file's apps, and its edge.</summary>
public sealed class HostAppsTests
{
    static readonly AppSettings Bingo = new()
    {
        Name = "bingo",
        On = [Nodes.N1, Nodes.N2],
        Command = ["/opt/bingo/bingo", "run_server"],
        User = "bingo",
        Port = 13526,
        After = ["pgproxy"],
        StopGrace = TimeSpan.FromSeconds(3),
        Prepare = new PrepareSettings(["/opt/bingo/bingo", "prepare_db"], TimeSpan.FromMinutes(2)),
        Health = new HealthSettings { Http = "/ping", Start = TimeSpan.FromSeconds(20) },
        Weights = ImmutableSortedDictionary<Holdfast.Cluster.Model.NodeName, int>.Empty.Add(Nodes.N1, 5),
    };

    static readonly EdgeSettings Front = new()
    {
        On = [Nodes.N1],
        Routes = [new RouteSettings { Path = "/", To = "bingo" }],
    };

    static AppSettings Small(string name, params string[] after) =>
        new() { Name = name, On = [Nodes.N1], Command = [name], After = [.. after] };

    static ImmutableArray<ProgramSpec> On1(params AppSettings[] apps) =>
        HostPrograms.For(Nodes.File with { Apps = [.. apps], Edge = Front }, Nodes.N1, Nodes.Paths);

    static ProgramSpec Spec(AppSettings app) => On1(app).Single(spec => spec.Name == app.Name);

    [Fact]
    public void Apps_come_after_Holdfast_s_own_programs_in_dependency_order_and_the_edge_is_last() =>
        On1(Small("c", "b"), Small("z"), Small("b", "a", "agent"), Small("a")).Select(spec => spec.Name)
            .ShouldBe(["etcd", "agent", "pgproxy", "a", "b", "c", "z", "edge"]);

    [Fact]
    public void A_host_runs_only_its_own_apps_and_edge() =>
        HostPrograms.For(Nodes.File with { Apps = [Bingo, Small("x")], Edge = Front }, Nodes.N2, Nodes.Paths)
            .Select(spec => spec.Name).ShouldBe(["etcd", "agent", "bingo"]);

    [Fact]
    public void An_app_runs_as_its_user_in_its_folder_and_cgroup()
    {
        var spec = Spec(Bingo);
        spec.Command.ShouldBe(["/opt/bingo/bingo", "run_server"]);
        (spec.User, spec.CgroupLeaf, spec.WorkingDirectory, spec.StopGrace)
            .ShouldBe(("bingo", "bingo", "/var/lib/holdfast/apps/bingo", TimeSpan.FromSeconds(3)));
        spec.Environment.Select(pair => $"{pair.Key}={pair.Value}")
            .ShouldBe(["HOME=/var/lib/holdfast/apps/bingo", "LOGNAME=bingo", "USER=bingo"]);
        spec.After.ShouldBe(["pgproxy"]);
        spec.BindsLowPort.ShouldBeFalse();
    }

    [Fact]
    public void An_app_is_asked_and_told_of_as_the_file_says()
    {
        var spec = Spec(Bingo);
        spec.Readiness.ShouldBe(new Readiness.Http(new Uri("http://10.0.0.1:13526/ping")));
        var app = spec.App.ShouldNotBeNull();
        (app.Address, app.Weight).ShouldBe(("10.0.0.1:13526", 5));
        (app.Prepare, app.Health).ShouldBe((Bingo.Prepare, Bingo.Health!));
    }

    [Fact]
    public void Others_wait_for_an_app_as_long_as_the_file_gives_it() =>
        Spec(Bingo).AwaitedFor.ShouldBe(TimeSpan.FromSeconds(140));

    [Fact]
    public void Without_health_the_port_is_asked_and_without_a_port_nothing()
    {
        Spec(Bingo with { Health = null }).Readiness.ShouldBe(new Readiness.Tcp("10.0.0.1", 13526));
        var silent = Spec(Bingo with { Health = null, Port = null });
        silent.Readiness.ShouldBeNull();
        silent.App!.Address.ShouldBeNull();
    }

    [Fact]
    public void Health_may_ask_the_port_or_run_a_command()
    {
        Spec(Bingo with { Health = new() { Tcp = true } }).Readiness
            .ShouldBe(new Readiness.Tcp("10.0.0.1", 13526));
        Spec(Bingo with { Health = new() { Command = ["check", "it"] } }).Readiness
            .ShouldBeOfType<Readiness.Command>().Words.ShouldBe(["check", "it"]);
    }

    [Fact]
    public void No_app_inherits_the_secrets_of_others()
    {
        var app = Bingo with { Environment = Bingo.Environment.Add("TOKEN", new(null, null, "TOKEN_OF_BINGO")) };
        var file = Nodes.File with
        {
            Postgres = Nodes.File.Postgres with
            {
                Users = Nodes.File.Postgres.Users.Add("postgres", new(null, null, "SUPER")).Add("app", null),
            },
            Apps = [app, Small("x")],
        };
        HostPrograms.For(file, Nodes.N1, Nodes.Paths).Where(spec => spec.App is not null)
            .ShouldAllBe(spec => spec.HiddenVariables.SequenceEqual(new[] { "SUPER", "TOKEN_OF_BINGO" }));
    }

    [Fact]
    public void The_edge_is_this_very_program_with_a_file_of_its_own()
    {
        var edge = On1(Bingo)[^1];
        edge.Command.ShouldBe(
        [
            "/opt/holdfast/holdfast", "edge", "--config", "/run/holdfast/edge/holdfast.yml", "--name", "n1",
            "--data", "/var/lib/holdfast", "--run", "/run/holdfast",
        ]);
        (edge.User, edge.CgroupLeaf, edge.StopGrace, edge.App)
            .ShouldBe(("www-data", "edge", TimeSpan.FromSeconds(10), null));
        edge.Readiness.ShouldBe(new Readiness.Tcp("10.0.0.1", 80));
        edge.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"].ShouldBe("1");
        edge.After.ShouldBe(["etcd"]);
    }

    [Theory]
    [InlineData(80, true)]
    [InlineData(1023, true)]
    [InlineData(1024, false)]
    public void The_edge_keeps_the_right_to_a_low_port_only_where_it_has_one(int port, bool keeps) =>
        HostPrograms.For(Nodes.File with { Edge = Front with { Http = port } }, Nodes.N1, Nodes.Paths)[^1]
            .BindsLowPort.ShouldBe(keeps);
}
