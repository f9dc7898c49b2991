using Holdfast.Agent.Configuration;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Configuration;

public sealed class AgentFileTests
{
    /// <summary>As Patroni's own sample and acceptance suite write it.</summary>
    const string Good = """
        scope: batman
        name: postgres-0
        restapi: { listen: 127.0.0.1:8008, connect_address: 127.0.0.1:8008 }
        etcd3: { hosts: "10.0.0.1:2379, 10.0.0.2" }
        bootstrap:
          dcs:
            ttl: 30
            synchronous_mode: on
            postgresql: { use_pg_rewind: true, parameters: { archive_mode: 'on', max_connections: 50 } }
        postgresql:
          listen: 0.0.0.0:5361
          connect_address: 127.0.0.1:5361
          data_dir: /data/postgres-0
          authentication:
            superuser: { username: postgres, password: patroni }
            replication: { username: replicator, password: rep-pass }
            rewind: { username: rewind_user, password: rewind_password }
          parameters: { unix_socket_directories: /tmp, logging_collector: 'on', wal_log_hints: yes }
          pg_hba: [local all all trust]
        tags: { nofailover: 'true', noloadbalance: false, nosync: off }
        """;

    static AgentFileReading Read(string text, params (string Name, string Value)[] environment) => AgentFile.Read(
        "agent.yml",
        text,
        name => environment.FirstOrDefault(variable => variable.Name == name).Value,
        () => "/usr/lib/postgresql/15/bin");

    static AgentSettings Settings(string text, params (string Name, string Value)[] environment)
    {
        var reading = Read(text, environment);
        reading.Problems.ShouldBeEmpty();
        return reading.Settings.ShouldNotBeNull();
    }

    static string[] Problems(string part, string wrong) =>
        [.. Read(Good.Replace(part, wrong, StringComparison.Ordinal)).Problems.Select(problem => problem.ToString())];

    [Theory]
    [InlineData("", WatchdogMode.Off)]
    [InlineData("watchdog: { device: /dev/watchdog0 }", WatchdogMode.Automatic)]
    [InlineData("watchdog: { mode: off }", WatchdogMode.Off)]
    [InlineData("watchdog: { mode: required }", WatchdogMode.Required)]
    public void A_watchdog_is_off_unless_the_file_has_its_section(string section, WatchdogMode mode) =>
        Settings($"{Good}\n{section}").Watchdog.Mode.ShouldBe(mode);

    [Fact]
    public void Patronis_watchdog_section_is_understood() =>
        Settings(Good + "\nwatchdog: { driver: testing, device: /tmp/w, mode: required, safety_margin: -1 }").Watchdog
            .ShouldBe(new WatchdogSettings
            {
                Mode = WatchdogMode.Required, Device = "/tmp/w", SafetyMargin = -1, Testing = true,
            });

    [Theory]
    [InlineData("failover_priority: '0'", true, 0, false, 1)]
    [InlineData("failover_priority: 2, sync_priority: -1", false, 2, true, -1)]
    [InlineData("nofailover: yes, failover_priority: 1, nosync: '0'", true, 1, false, 1)]
    [InlineData("nofailover: false, failover_priority: '0', sync_priority: '3'", false, 0, false, 3)]
    public void Tags_are_booleans_and_priorities(string tags, bool noFailover, int failover, bool noSync, int sync)
    {
        const string Given = "nofailover: 'true', noloadbalance: false, nosync: off";
        var settings = Settings(Good.Replace(Given, tags, StringComparison.Ordinal));
        (settings.NoFailover, settings.FailoverPriority).ShouldBe((noFailover, failover));
        (settings.NoSync, settings.SyncPriority).ShouldBe((noSync, sync));
    }

    [Fact]
    public void Conflicting_tags_are_told_as_Patroni_does()
    {
        const string Given = "nofailover: 'true',";
        Read(Good.Replace(Given, "nofailover: 'true', failover_priority: '1',", StringComparison.Ordinal)).Warnings
            .Select(warning => warning.Message).ShouldContain("Conflicting configuration between nofailover: True and"
                + " failover_priority: 1. Defaulting to nofailover: True");
    }

    [Fact]
    public void A_Patroni_file_becomes_settings()
    {
        var settings = Settings(Good);

        (settings.Scope, settings.Namespace, settings.Name).ShouldBe(("batman", "service", new NodeName("postgres-0")));
        (settings.RestListen, settings.RestConnect).ShouldBe((new("127.0.0.1", 8008), new("127.0.0.1", 8008)));
        settings.Etcd.ShouldBe([new HostPort("10.0.0.1", 2379), new HostPort("10.0.0.2", 2379)]);
        (settings.NoFailover, settings.NoLoadBalance, settings.NoSync).ShouldBe((true, false, false));
        settings.Hosts.ShouldBeEmpty();
        settings.FenceSocket.ShouldBeNull();
        settings.StateDirectory.ShouldBe("/data/postgres-0.holdfast");
    }

    [Fact]
    public void Its_PostgreSQL_section_becomes_the_instances_settings()
    {
        var postgres = Settings(Good).Postgres;

        (postgres.ListenAddresses, postgres.Port, postgres.ConnectHost).ShouldBe(("0.0.0.0", 5361, "127.0.0.1"));
        (postgres.DataDirectory, postgres.BinDirectory).ShouldBe(("/data/postgres-0", "/usr/lib/postgresql/15/bin"));
        (postgres.Superuser.User, postgres.Superuser.Password).ShouldBe(("postgres", "patroni"));
        (postgres.Replication.User, postgres.Replication.Password).ShouldBe(("replicator", "rep-pass"));
        (postgres.Rewind.User, postgres.Rewind.Password).ShouldBe(("rewind_user", "rewind_password"));
        postgres.SocketDirectory.ShouldBe("/tmp");
        postgres.PgHba.ShouldBe(["local all all trust"]);
        postgres.Parameters["wal_log_hints"].ShouldBe("on");
        (postgres.Name, postgres.Scope).ShouldBe((new NodeName("postgres-0"), "batman"));
    }

    [Fact]
    public void The_dynamic_configuration_is_kept_for_the_store()
    {
        var dcs = Settings(Good).BootstrapDcs;

        dcs.Json.ShouldBe(
            """{"ttl":30,"synchronous_mode":true,"postgresql":{"use_pg_rewind":true,""" +
            """ "parameters":{"archive_mode":"on","max_connections":50}}}""".TrimStart());
        (dcs.Ttl, dcs.SynchronousMode).ShouldBe((TimeSpan.FromSeconds(30), SynchronousMode.On));
    }

    [Fact]
    public void Without_dcs_Patronis_defaults_hold() =>
        Settings(Good.Replace("bootstrap:\n  dcs:", "tags2:\n  x:", StringComparison.Ordinal))
            .BootstrapDcs.Ttl.ShouldBe(TimeSpan.FromSeconds(30));

    [Fact]
    public void The_environment_goes_before_the_file()
    {
        var settings = Settings(
            Good,
            ("PATRONI_ETCD3_HOST", "localhost:2379"),
            ("PATRONI_NAME", "other"),
            ("PATRONI_SUPERUSER_PASSWORD", "x"));

        settings.Etcd.ShouldBe([new HostPort("localhost", 2379)]);
        settings.Name.Value.ShouldBe("other");
        settings.Postgres.Superuser.Password.ShouldBe("x");
    }

    [Theory]
    [InlineData("etcd3: { hosts: [a:1, b:2] }")]
    [InlineData("etcd3: { hosts: 'a:1,b:2' }")]
    public void Etcd_may_be_a_list_or_a_line(string etcd) =>
        Settings(Good.Replace("etcd3: { hosts: \"10.0.0.1:2379, 10.0.0.2\" }", etcd, StringComparison.Ordinal))
            .Etcd.ShouldBe([new HostPort("a", 1), new HostPort("b", 2)]);

    [Fact]
    public void Unknown_keys_and_those_not_built_yet_are_warnings_with_their_places()
    {
        var reading = Read(Good + "\nctl: { insecure: true }\nscop: x\n", ("PATRONI_RESTAPI_CERTFILE", "/x"));

        reading.Settings.ShouldNotBeNull();
        reading.Warnings.Select(warning => warning.ToString()).ShouldBe(
        [
            "agent.yml: the variable PATRONI_RESTAPI_CERTFILE is not supported by this version",
            "agent.yml:21:1: 'ctl' is not supported by this version",
            "agent.yml:22:1: unknown key 'scop'; expected one of bootstrap, etcd3, holdfast, name, namespace, " +
            "postgresql, restapi, scope, tags, watchdog; did you mean 'scope'?",
        ]);
    }

    [Theory]
    [InlineData("name: postgres-0", "namespace: x", "agent.yml: missing key 'name', and no variable PATRONI_NAME")]
    [InlineData(
        "data_dir: /data/postgres-0",
        "data_dir: data",
        "agent.yml: 'postgresql.data_dir' must be an absolute path, not 'data'")]
    [InlineData("listen: 0.0.0.0:5361", "listen: 5361", "agent.yml:11:11: 'postgresql.listen' must be text, not 5361")]
    [InlineData(
        "listen: 127.0.0.1:8008,",
        "listen: 127.0.0.1:x,",
        "agent.yml:3:20: 'restapi.listen' must be host:port such as 127.0.0.1:5432, not '127.0.0.1:x'")]
    [InlineData(
        "etcd3: { hosts: \"10.0.0.1:2379, 10.0.0.2\" }",
        "",
        "agent.yml: missing key 'etcd3.hosts', and no variable PATRONI_ETCD3_HOSTS")]
    [InlineData(
        "connect_address: 127.0.0.1:5361",
        "",
        "agent.yml: missing key 'postgresql.connect_address': others can't reach '0.0.0.0'")]
    [InlineData(
        "nofailover: 'true'",
        "nofailover: maybe",
        "agent.yml:20:21: 'tags.nofailover' can't be 'maybe'; expected one of true, false, on, off, yes, no, 1, 0")]
    public void A_bad_value_is_told(string part, string wrong, string problem) =>
        string.Join('\n', Problems(part, wrong)).ShouldContain(problem);

    [Fact]
    public void A_text_that_is_no_map_is_told() =>
        Read("just words").Problems.Select(problem => problem.ToString())
            .ShouldBe(["agent.yml:1:1: no map of settings; expected a Patroni YAML"]);
}
