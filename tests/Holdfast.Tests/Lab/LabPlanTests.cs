using Holdfast.Cluster.Model;
using Holdfast.Lab;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Relays;
using Holdfast.Lab.Status;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Lab;

public sealed class LabPlanTests
{
    static LabRequest Request(string lab, bool freePorts = false) => new()
    {
        Path = "/etc/films.yml",
        Text = "",
        Cluster = ClusterFiles.Three(),
        Lab = lab,
        FreePorts = freePorts,
        Programs = "/nowhere",
    };

    [Fact]
    public void A_lab_has_a_namespace_for_the_bridge_and_one_for_each_host()
    {
        var plan = LabPlan.Of(Request("x"));
        plan.Network.ShouldBe(new LabNetwork("hf-x-net", "10.77.0.254", 24));
        plan.Hosts.Select(host => host.Namespace).ShouldBe(["hf-x-n1", "hf-x-n2", "hf-x-n3"]);
    }

    [Fact]
    public void Ports_are_the_files_and_agents_count_up()
    {
        var plan = LabPlan.Of(Request("x"));
        plan.Published.Select(port => (port.Role, port.Host, port.Port)).ShouldBe(
        [
            ("primary", null, 5000), ("replicas", null, 5001),
            ("rest", "n1", 8008), ("rest", "n2", 8009), ("rest", "n3", 8010),
            ("etcd", null, 2379),
        ]);
        plan.Published[3].Targets.ShouldBe(["10.77.0.12:8008"]);
    }

    [Fact]
    public void A_role_is_served_in_the_order_of_the_hosts_not_of_the_role() =>
        LabPlan.Of(Request("x")).Published[0].Targets.ShouldBe(["10.77.0.11:5000", "10.77.0.12:5000"]);

    [Fact]
    public void Free_ports_are_left_to_the_relay() =>
        LabPlan.Of(Request("x", freePorts: true)).Published.ShouldAllBe(port => port.Port == 0);

    [Fact]
    public void The_edge_is_found_at_8080_whatever_its_own_port()
    {
        var request = Request("x") with { Cluster = ClusterFiles.WithApps() };
        var edge = LabPlan.Of(request).Published[^1];
        (edge.Role, edge.Host, edge.Port).ShouldBe(("edge", null, 8080));
        edge.Targets.ShouldBe(["10.77.0.11:80", "10.77.0.12:80"]);
    }

    [Fact]
    public void A_port_that_two_roles_want_is_told()
    {
        var file = ClusterFiles.WithApps();
        var plan = LabPlan.Of(Request("x") with
        {
            Cluster = file with { PgProxy = file.PgProxy! with { Primary = 8080 } },
        });
        Should.Throw<LabException>(() => RelayStart.CheckPorts(plan)).Message.ShouldBe(
            "port 8080 on 127.0.0.1 would be both primary and edge; use free ports: lab up --publish free");
    }

    [Fact]
    public void The_edge_is_shown_as_what_it_speaks()
    {
        var plan = LabPlan.Of(Request("x") with { Cluster = ClusterFiles.WithApps() });
        UpReport.Of(plan, new HealthView("n1", [], []), alreadyRunning: false, TimeSpan.FromSeconds(1)).Lines().Last()
            .ShouldBe("  127.0.0.1:8080  http");
    }

    [Fact]
    public void Faults_may_be_aimed_at_the_file_s_apps_and_edge()
    {
        LabPlan.Of(Request("x")).Programs.ShouldBe(["supervisor", "etcd", "agent", "postgres", "pgproxy"]);
        LabPlan.Of(Request("x") with { Cluster = ClusterFiles.WithApps() }).Programs
            .ShouldBe(["supervisor", "etcd", "agent", "postgres", "pgproxy", "edge", "bingo", "feed"]);
    }

    [Fact]
    public void Only_a_folder_of_published_programs_has_others_beside_it()
    {
        var root = Directory.CreateTempSubdirectory("hf-publish-");
        foreach (var name in new[] { "holdfast", "lab", "bingo", "any", "bingo.new" })
            root.CreateSubdirectory($"publish/{name}");
        root.CreateSubdirectory("bin/x");
        var beside = PublishedPrograms.BesideOf(Path.Combine(root.FullName, "publish/holdfast"));
        beside.Select(path => Path.GetFileName(path)).ShouldBe(["any", "bingo"]);
        PublishedPrograms.BesideOf(Path.Combine(root.FullName, "bin/holdfast")).ShouldBeEmpty();
        root.Delete(recursive: true);
    }

    [Theory, InlineData(""), InlineData("../x"), InlineData("-x"), InlineData("a b")]
    public void A_bad_name_is_refused(string name) =>
        Should.Throw<LabException>(() => LabPlan.Of(Request(name))).Message.ShouldContain("can't name a lab");

    [Fact]
    public void No_host_may_have_the_bridges_name()
    {
        var file = ClusterFiles.Three();
        var bad =
            Request("x") with { Cluster = file with { Hosts = [file.Hosts[0] with { Name = new NodeName("net") }] } };
        Should.Throw<LabException>(() => LabPlan.Of(bad)).Message.ShouldContain("net");
    }
}
