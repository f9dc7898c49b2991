using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Configuration;

public sealed class AgentFileWriterTests
{
    const string Cluster = """
        cluster: films
        hosts: { n1: 10.77.0.11, n2: 10.77.0.12, n3: 10.77.0.13 }
        etcd: { on: [n1, n2, n3] }
        postgres:
          on: [n1, n2]
          listen: 5433
          bin_dir: /opt/pg/bin
          users:
            postgres: { password: 'p: "x" #y' }
            replicator: { password: on }
            app: { password: '007' }
            reader:
          databases: { app: { owner: app }, empty: }
          dcs:
            postgresql:
              parameters: { wal_compression: off, archive_command: "cp '%p' /a/%f", application_name: '5', jit: 'on' }
        """;

    static readonly AgentPaths Paths = new()
    {
        DataDirectory = "/var/lib/holdfast/postgres/data",
        StateDirectory = "/var/lib/holdfast/agent",
        SocketDirectory = "/run/holdfast/postgres",
        FenceSocket = "/run/holdfast/fence.sock",
        LogFile = "/run/holdfast/raw/postgres.out",
        CgroupParent = "/sys/fs/cgroup/holdfast/pg",
    };

    static (ClusterFile File, AgentSettings Settings) RoundTrip(string text, string host)
    {
        var file = ClusterFileReader.Read("holdfast.yml", text).File.ShouldNotBeNull();
        var secrets = Secrets.Resolve("holdfast.yml", file, _ => null, _ => null);
        var written = AgentFileWriter.Write(file, new NodeName(host), Paths, secrets);
        var reading = AgentFile.Read("agent.yml", written, _ => null, () => "/found/bin");
        reading.Problems.ShouldBeEmpty();
        reading.Warnings.ShouldBeEmpty();
        return (file, reading.Settings.ShouldNotBeNull());
    }

    [Fact]
    public void The_files_watchdog_reaches_the_agent()
    {
        const string watchdog = "bin_dir: /opt/pg/bin\n  watchdog: { mode: required, device: /dev/watchdog1 }";
        var (_, settings) = RoundTrip(
            Cluster.Replace("bin_dir: /opt/pg/bin", watchdog, StringComparison.Ordinal), "n1");
        settings.Watchdog.ShouldBe(
            new WatchdogSettings { Mode = WatchdogMode.Required, Device = "/dev/watchdog1" });
        RoundTrip(Cluster, "n1").Settings.Watchdog.Mode.ShouldBe(WatchdogMode.Off);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var (file, settings) = RoundTrip(Cluster, "n2");

        (settings.Scope, settings.Namespace, settings.Name.Value).ShouldBe(("films", "service", "n2"));
        (settings.RestListen, settings.RestConnect).ShouldBe((new("10.77.0.12", 8008), new("10.77.0.12", 8008)));
        settings.Etcd.Select(endpoint => endpoint.ToString())
            .ShouldBe(["10.77.0.12:2379", "10.77.0.13:2379", "10.77.0.11:2379"]);
        settings.Hosts.Select(host => $"{host.Key}={host.Value}")
            .ShouldBe(["n1=10.77.0.11:8008", "n2=10.77.0.12:8008"]);
        settings.FenceSocket.ShouldBe(Paths.FenceSocket);
        settings.StateDirectory.ShouldBe(Paths.StateDirectory);
        settings.BootstrapDcs.ShouldBeEquivalentTo(file.Postgres.Dcs);
    }

    [Fact]
    public void So_are_the_settings_of_PostgreSQL()
    {
        var postgres = RoundTrip(Cluster, "n2").Settings.Postgres;

        (postgres.ListenAddresses, postgres.Port).ShouldBe(("10.77.0.12,127.0.0.1", 5433));
        postgres.ConnectHost.ShouldBe("10.77.0.12");
        (postgres.DataDirectory, postgres.BinDirectory).ShouldBe((Paths.DataDirectory, "/opt/pg/bin"));
        (postgres.SocketDirectory, postgres.LogFile).ShouldBe((Paths.SocketDirectory, Paths.LogFile));
        postgres.CgroupParent.ShouldBe(Paths.CgroupParent);
        postgres.Superuser.ShouldBe(new("postgres", "p: \"x\" #y"));
        postgres.Replication.ShouldBe(new("replicator", "on"));
        postgres.Rewind.ShouldBe(postgres.Superuser);
        postgres.Roles.Select(role => $"{role.Key}={role.Value ?? "-"}").ShouldBe(["app=007", "reader=-"]);
        postgres.Databases.Select(database => $"{database.Key}={database.Value ?? "-"}")
            .ShouldBe(["app=app", "empty=-"]);
    }

    [Fact]
    public void Long_and_awkward_texts_survive()
    {
        var command = string.Join(' ', Enumerable.Repeat("it's: a # 'long' \\\"one\\\"", 20)) + " ñ \\\\ %";
        var text = Cluster.Replace("cp '%p' /a/%f", command, StringComparison.Ordinal);

        var (file, settings) = RoundTrip(text, "n1");

        settings.BootstrapDcs.Parameters["archive_command"].ShouldBe(file.Postgres.Dcs.Parameters["archive_command"]);
        settings.BootstrapDcs.Json.ShouldBe(file.Postgres.Dcs.Json);
    }

    [Fact]
    public void An_etcd_of_your_own_is_used_as_listed() =>
        RoundTrip(Cluster.Replace("on: [n1, n2, n3]", "endpoints: ['a:1', 'b:2']", StringComparison.Ordinal), "n1")
            .Settings.Etcd.ShouldBe([new HostPort("a", 1), new HostPort("b", 2)]);

    [Fact]
    public void Without_a_folder_in_the_file_the_programs_are_found() =>
        RoundTrip(Cluster.Replace("bin_dir: /opt/pg/bin", "rest: 8010", StringComparison.Ordinal), "n1")
            .Settings.Postgres.BinDirectory.ShouldBe("/found/bin");
}
