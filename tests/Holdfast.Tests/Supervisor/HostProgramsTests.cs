using Holdfast.Supervisor.Decisions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class HostProgramsTests
{
    [Theory]
    [InlineData("n1", "etcd agent pgproxy")]
    [InlineData("n2", "etcd agent")]
    [InlineData("n3", "etcd pgproxy")]
    [InlineData("elsewhere", "")]
    public void A_host_runs_what_the_file_gives_it_in_dependency_order(string host, string programs) =>
        string.Join(' ', HostPrograms.For(Nodes.File, new(host), Nodes.Paths).Select(spec => spec.Name))
            .ShouldBe(programs);

    [Fact]
    public void Agent_and_proxy_come_after_the_etcd_of_their_host() =>
        HostPrograms.For(Nodes.File, Nodes.N1, Nodes.Paths).ShouldAllBe(
            spec => spec.Name == "etcd" ? spec.After.IsEmpty : spec.After.SequenceEqual(new[] { "etcd" }));

    [Fact]
    public void Nothing_waits_for_an_etcd_that_somebody_else_looks_after()
    {
        var file = Nodes.File with { Etcd = new() { Endpoints = ["10.0.0.9:2379"] } };
        var programs = HostPrograms.For(file, Nodes.N1, Nodes.Paths);
        programs.Select(spec => spec.Name).ShouldBe(["agent", "pgproxy"]);
        programs.ShouldAllBe(spec => spec.After.IsEmpty);
    }

    [Fact]
    public void Etcd_is_told_its_cluster_its_addresses_and_times_that_fit_the_lease() =>
        HostPrograms.For(Nodes.File, Nodes.N2, Nodes.Paths)[0].Command.ShouldBe(
        [
            "etcd",
            "--name=n2",
            "--data-dir=/var/lib/holdfast/etcd",
            "--listen-client-urls=http://10.0.0.2:2379,http://127.0.0.1:2379",
            "--advertise-client-urls=http://10.0.0.2:2379",
            "--listen-peer-urls=http://10.0.0.2:2380",
            "--initial-advertise-peer-urls=http://10.0.0.2:2380",
            "--initial-cluster-token=films",
            "--heartbeat-interval=50",
            "--election-timeout=500",
            "--pre-vote=true",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=1h",
            "--logger=zap",
            "--log-outputs=stderr",
            "--initial-cluster-state=new",
            "--initial-cluster=n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380",
        ]);

    [Fact]
    public void The_programs_run_as_their_users_in_cgroups_of_their_own() =>
        HostPrograms.For(Nodes.File, Nodes.N1, Nodes.Paths).Select(spec => $"{spec.User} {spec.CgroupLeaf}")
            .ShouldBe(["etcd etcd", "postgres pg/agent", "postgres pgproxy"]);

    [Fact]
    public void Agent_and_proxy_are_this_very_program()
    {
        var programs = HostPrograms.For(Nodes.File, Nodes.N1, Nodes.Paths);
        programs[1].Command.ShouldBe(["/opt/holdfast/holdfast", "agent", "/run/holdfast/agent.yml"]);
        programs[2].Command.ShouldBe(
        [
            "/opt/holdfast/holdfast", "pgproxy", "--config", "/run/holdfast/pgproxy/holdfast.yml", "--name", "n1",
            "--data", "/var/lib/holdfast", "--run", "/run/holdfast",
            "--users", "/run/holdfast/pgproxy/users.txt",
        ]);
    }

    [Fact]
    public void The_proxy_is_measured_as_it_is_run() =>
        Holdfast.Lab.Proxies.Stage.ProxyRuntime.ShouldBe(HostPrograms.PgProxyRuntime);
}
