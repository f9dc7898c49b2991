using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Cluster.Configuration;

public sealed class ClusterFileReaderTests
{
    /// <summary>Line 1 to 11; a test replaces one part of it.</summary>
    internal const string Good = """
        cluster: films
        hosts:
          n1: 10.77.0.11
          n2: 10.77.0.12
          n3: 10.77.0.13
        etcd: { on: [n1, n2, n3] }
        postgres:
          on: [n1, n2, n3]
          users: { postgres: { password: secret }, app: { password: { env: APP } } }
          databases: { app: { owner: app } }
        pgproxy: { on: [n1, n2], primary: 5000, replicas: 5001, hold_timeout: 5s }
        """;

    static string[] Problems(string text) =>
        [.. ClusterFileReader.Read("holdfast.yml", text).Problems.Select(problem => problem.ToString())];

    static string[] Problems(string part, string wrong)
    {
        Good.ShouldContain(part);
        return Problems(Good.Replace(part, wrong, StringComparison.Ordinal));
    }

    [Fact]
    public void A_good_file_becomes_settings()
    {
        var reading = ClusterFileReader.Read("holdfast.yml", Good);

        reading.Problems.ShouldBeEmpty();
        var file = reading.File.ShouldNotBeNull();
        file.Cluster.ShouldBe("films");
        file.Hosts.Select(host => $"{host.Name} {host.Address}")
            .ShouldBe(["n1 10.77.0.11", "n2 10.77.0.12", "n3 10.77.0.13"]);
        file.Etcd.On.ShouldBe([new("n1"), new("n2"), new("n3")]);
        (file.Etcd.ClientPort, file.Etcd.PeerPort, file.Etcd.User).ShouldBe((2379, 2380, "etcd"));
        var postgres = file.Postgres;
        (postgres.Listen, postgres.Rest, postgres.User, postgres.BinDir).ShouldBe((5432, 8008, "postgres", null));
        file.Postgres.Users["postgres"].ShouldBe(new SecretSettings("secret", null, null));
        file.Postgres.Users["app"].ShouldBe(new SecretSettings(null, null, "APP"));
        file.Postgres.Databases["app"].ShouldBe("app");
        var proxy = file.PgProxy.ShouldNotBeNull();
        proxy.On.ShouldBe([new("n1"), new("n2")]);
        (proxy.Primary, proxy.Replicas, proxy.HoldTimeout).ShouldBe((5000, 5001, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void What_dcs_leaves_out_gets_the_periods_of_a_short_lease()
    {
        var dcs = ClusterFileReader.Read("holdfast.yml", Good).File!.Postgres.Dcs;

        dcs.Json.ShouldBe("""{"ttl":3,"loop_wait":1,"retry_timeout":3,"synchronous_mode":"quorum"}""");
        (dcs.Ttl.TotalSeconds, dcs.LoopWait.TotalSeconds, dcs.RetryTimeout.TotalSeconds).ShouldBe((3, 1, 3));
        dcs.SynchronousMode.ShouldBe(SynchronousMode.Quorum);
    }

    [Fact]
    public void What_dcs_says_is_kept_as_written()
    {
        var text = Good.Replace(
            "  databases:",
            "  dcs: { synchronous_mode: on, ttl: 30, postgresql: { parameters: { wal_level: logical, jit: off } } }\n" +
            "  databases:",
            StringComparison.Ordinal);

        var dcs = ClusterFileReader.Read("holdfast.yml", text).File!.Postgres.Dcs;

        dcs.Json.ShouldBe(
            """{"synchronous_mode":true,"ttl":30,"postgresql":{"parameters":{"wal_level":"logical","jit":false}}""" +
            ""","loop_wait":10,"retry_timeout":10}""");
        dcs.SynchronousMode.ShouldBe(SynchronousMode.On);
        dcs.Parameters["jit"].ShouldBe("off");
    }

    [Fact]
    public void An_unknown_key_names_the_nearest() =>
        Problems("postgres:\n", "postgress:\n").ShouldBe(
        [
            "holdfast.yml:7:1: unknown key 'postgress'; " +
            "expected one of apps, cluster, edge, etcd, hosts, pgproxy, postgres; did you mean 'postgres'?",
        ]);

    [Fact]
    public void An_unknown_key_inside_a_section_names_the_section()
    {
        var problem = Problems("primary: 5000", "primery: 5000").ShouldHaveSingleItem();
        problem.ShouldStartWith("holdfast.yml:11:26: unknown key 'primery' in 'pgproxy'; expected one of ");
        problem.ShouldEndWith("; did you mean 'primary'?");
    }

    [Fact]
    public void A_duplicate_key_names_the_first() =>
        Problems("  n2: 10.77.0.12", "  n1: 10.77.0.12\n  n2: 10.77.0.14").ShouldBe(
            ["holdfast.yml:4:3: duplicate key 'n1'; it was given at line 3 already"]);

    [Fact]
    public void A_bad_unit_names_the_right_ones() =>
        Problems("5s", "60x").ShouldBe(
        [
            "holdfast.yml:11:71: 'pgproxy.hold_timeout' has the unknown unit 'x' in '60x'; " +
            "expected one of us, ms, s, min, h, d",
        ]);

    [Theory]
    [InlineData("60sec", "has the unknown unit 'sec' in '60sec'; expected one of us, ms, s, min, h, d")]
    [InlineData(
        "60mins", "has the unknown unit 'mins' in '60mins'; expected one of us, ms, s, min, h, d; did you mean 'min'?")]
    [InlineData("soon", "must be a duration such as 30s, not 'soon'")]
    [InlineData("'60'", "lacks a unit: '60'; expected one of us, ms, s, min, h, d")]
    [InlineData("60", "must be a duration such as 30s, not 60")]
    public void A_duration_has_a_number_and_a_unit(string wrong, string message) =>
        Problems("5s", wrong).ShouldBe([$"holdfast.yml:11:71: 'pgproxy.hold_timeout' {message}"]);

    [Fact]
    public void A_size_in_a_parameter_has_PostgreSQLs_units() =>
        Problems("  databases:", "  dcs: { postgresql: { parameters: { work_mem: 16Mb } } }\n  databases:").ShouldBe(
        [
            "holdfast.yml:10:48: 'postgres.dcs.postgresql.parameters.work_mem' has the unknown unit 'Mb' in '16Mb'; " +
            "expected one of B, kB, MB, GB, TB; did you mean 'MB'?",
        ]);

    [Fact]
    public void An_unknown_host_names_the_nearest() =>
        Problems("[n1, n2], primary", "[n1, n22], primary").ShouldBe(
        [
            "holdfast.yml:11:21: unknown host 'n22' in 'pgproxy.on'; expected one of n1, n2, n3; did you mean 'n2'?",
        ]);

    [Fact]
    public void A_port_used_twice_names_both_users() =>
        Problems("primary: 5000", "primary: 5432").ShouldBe(
            ["holdfast.yml:11:35: port 5432 is used twice on n1, n2: by 'postgres.listen' and 'pgproxy.primary'"]);

    [Fact]
    public void The_same_port_on_different_hosts_is_fine() =>
        Problems("on: [n1, n2, n3]\n  users", "on: [n3]\n  listen: 5000\n  users").ShouldBeEmpty();

    [Fact]
    public void A_pool_is_one_of_three_kinds()
    {
        Problems("replicas: 5001", "pool: transaction, pool_size: 40").ShouldBeEmpty();
        Problems("replicas: 5001", "pool: transactions, pool_size: 0").Length.ShouldBe(2);
        Problems("replicas: 5001", "pool: session, auth_type: trust").ShouldBeEmpty();
        Problems("replicas: 5001", "pool: session, auth_type: trusted").Length.ShouldBe(1);
        Problems("replicas: 5001", "pool_size: 40").ShouldBe(
            ["holdfast.yml:11:41: 'pgproxy.pool_size' needs 'pgproxy.pool' to be session or transaction"]);
    }

    [Fact]
    public void Pools_have_limits_for_all_for_a_database_and_for_a_user()
    {
        var text = Good.Replace("replicas: 5001", """
            pool: transaction, min_pool_size: 2, query_timeout: 5min, max_client_conn: 500,
              databases: { app: { pool_size: 40, server_reset_query: '', repeat_selects: yes } },
              users: { batch: { pool: session, max_user_connections: 3 } }
            """, StringComparison.Ordinal);
        var proxy = ClusterFileReader.Read("holdfast.yml", text).File!.PgProxy!;
        proxy.Limits.ShouldBe(new PoolLimits
        {
            Pool = PoolKind.Transaction,
            MinPoolSize = 2,
            QueryTimeout = TimeSpan.FromMinutes(5),
        });
        proxy.MaxClientConn.ShouldBe(500);
        proxy.Databases["app"].ShouldBe(
            new PoolLimits { PoolSize = 40, ServerResetQuery = "", RepeatSelects = true });
        proxy.Users["batch"].ShouldBe(new PoolLimits { Pool = PoolKind.Session, MaxUserConnections = 3 });
    }

    [Theory]
    [InlineData("default_pool_size: 5", "pool_size")]
    [InlineData("reserve_pool: 5", "reserve_pool_size")]
    [InlineData("max_clients_con: 5", "max_client_conn")]
    [InlineData("query_timeouts: 5s", "query_timeout")]
    [InlineData("users: { app: { max_db_connections: 5 } }", "max_user_connections")]
    public void A_word_that_is_nearly_PgBouncers_is_met_with_the_right_one(string wrong, string right) =>
        Problems("replicas: 5001", $"pool: session, {wrong}").ShouldHaveSingleItem()
            .ShouldEndWith($"; did you mean '{right}'?");

    [Fact]
    public void A_pool_keeps_no_more_than_it_may_have()
    {
        Problems("replicas: 5001", "pool: session, pool_size: 4, min_pool_size: 5").ShouldBe(
            ["holdfast.yml:11:85: 'pgproxy.min_pool_size' can't be more than the pool_size of 4, not 5"]);
        Problems("replicas: 5001", "pool: session, databases: { app: { pool_size: 4, min_pool_size: 5 } }")
            .ShouldHaveSingleItem().ShouldContain("'pgproxy.databases.app.min_pool_size'");
    }

    [Fact]
    public void The_proxys_certificate_is_read()
    {
        var text = Good.Replace("replicas: 5001", "pool: session, tls: { certificate: /c.pem, key: /k.pem }",
            StringComparison.Ordinal);
        ClusterFileReader.Read("holdfast.yml", text).File!.PgProxy!.Tls.ShouldBe(
            new ClientTlsSettings("/c.pem", "/k.pem", null, IsRequired: false));
        Problems("replicas: 5001", "pool: session, tls: { certificate: c.pem }").Length.ShouldBe(2);
    }

    [Fact]
    public void How_servers_are_talked_to_is_said_in_one_word()
    {
        const string Pooled = "pool: session, servers: ";
        var text = Good.Replace(
            "replicas: 5001", $"{Pooled}{{ tls: verify-full, ca: /ca.pem }}", StringComparison.Ordinal);
        ClusterFileReader.Read("holdfast.yml", text).File!.PgProxy!.Servers.ShouldBe(
            new ServerTlsSettings(ServerTlsKind.VerifyFull, "/ca.pem", null, null));
        Problems("replicas: 5001", $"{Pooled}{{ tls: verify-full }}").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.servers' needs 'ca' for verify-full: who signs the servers' certificates");
        Problems("replicas: 5001", $"{Pooled}{{ tls: require, ca: /ca.pem }}").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.servers.ca' is used with verify-ca or verify-full alone, not with require");
        Problems("replicas: 5001", $"{Pooled}{{ tls: prefer, certificate: /c.pem }}").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.servers.certificate' needs 'pgproxy.servers.key'");
        Problems("replicas: 5001", "servers: { tls: require }").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.servers' needs 'pgproxy.pool' to be session or transaction");
        Problems("replicas: 5001", $"{Pooled}{{ tls: verify_full }}").ShouldHaveSingleItem()
            .ShouldEndWith("did you mean 'verify-full'?");
    }

    [Fact]
    public void Who_may_log_in_is_said_in_PgBouncers_words()
    {
        const string Keys = "pool: session, hba: /h.conf, auth_user: u, auth_dbname: d, client_login_timeout: 5s, "
            + "application_name_add_host: true, ignore_startup_parameters: [a, b], auth_query: ";
        var text = Good.Replace("replicas: 5001", $"{Keys}'SELECT f($1)'", StringComparison.Ordinal);
        var login = ClusterFileReader.Read("holdfast.yml", text).File!.PgProxy!.Login;
        (login.Hba, login.AuthUser, login.AuthDbname, login.AuthQuery, login.ClientLoginTimeout)
            .ShouldBe(("/h.conf", "u", "d", "SELECT f($1)", TimeSpan.FromSeconds(5)));
        (login.ApplicationNameAddHost, string.Join(' ', login.IgnoreStartupParameters)).ShouldBe((true, "a b"));
        Problems("replicas: 5001", $"{Keys}SELECT").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.auth_query' must ask for $1, the user's name");
        Problems("replicas: 5001", "pool: session, auth_dbname: d").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.auth_dbname' needs 'pgproxy.auth_user': who asks");
        Problems("replicas: 5001", "hba: /h.conf").ShouldHaveSingleItem()
            .ShouldEndWith("'pgproxy.hba' needs 'pgproxy.pool' to be session or transaction");
    }

    [Fact]
    public void What_is_not_built_yet_is_refused_plainly() =>
        Problems("on: [n1, n2, n3]\n  users", "on: [n1, n2, n3]\n  dcs: { standby_cluster: { host: far } }\n  users")
            .ShouldHaveSingleItem()
            .ShouldEndWith("'postgres.dcs.standby_cluster' is not supported by this version");

    [Theory]
    [InlineData("dashboard")]
    public void Sections_of_later_versions_are_refused_plainly(string section) =>
        Problems($"{section}: {{ on: [n1] }}\n{Good}").ShouldBe(
            [$"holdfast.yml:1:1: '{section}' is not supported by this version"]);

    [Fact]
    public void All_problems_are_told_at_once_in_the_order_of_their_places() =>
        Problems("""
            cluster: Films
            hosts: { n1: 10.77.0.11, n2: 10.77.0.11, N3: 10.77.0.300 }
            etcd: { on: [n1], endpoints: ["10.77.0.5:2379"] }
            postgres:
              on: []
              listen: 70000
              users: { app: }
              databases: { app: { owner: ap } }
              dcs: { ttl: 1, synchronous_mode: quorom, loop_wait: 2, slots: {} }
            pgproxy: { on: n1 }
            """).ShouldBe(
        [
            "holdfast.yml:1:10: 'cluster' must be a name of at most 40 lower-case letters, digits, '-' and '_', " +
            "not 'Films'",
            "holdfast.yml:2:30: 'hosts.n2' has the address 10.77.0.11 of 'n1'",
            "holdfast.yml:2:42: 'N3' in 'hosts' must be a host name of at most 40 lower-case letters, " +
            "digits and inner '-'",
            "holdfast.yml:2:46: 'hosts.N3' must be an IPv4 address such as 10.77.0.11, not '10.77.0.300'",
            "holdfast.yml:3:7: 'etcd' must have exactly one of on, endpoints; it has more",
            "holdfast.yml:5:7: 'postgres.on' is empty; expected at least one entry",
            "holdfast.yml:6:11: 'postgres.listen' must be between 1 and 65535, not 70000",
            "holdfast.yml:7:10: missing key 'postgres' in 'postgres.users'",
            "holdfast.yml:8:30: unknown user 'ap' in 'postgres.databases.app.owner'; expected one of app; " +
            "did you mean 'app'?",
            "holdfast.yml:9:15: 'postgres.dcs.ttl' must be between 2 and 3600, not 1",
            "holdfast.yml:9:36: 'postgres.dcs.synchronous_mode' can't be 'quorom'; " +
            "expected one of quorum, on, off, true, false; did you mean 'quorum'?",
            "holdfast.yml:9:55: 'postgres.dcs.loop_wait' must be 1 at a ttl below 20, not 2",
            "holdfast.yml:9:58: 'postgres.dcs.slots' is not supported by this version",
            "holdfast.yml:10:16: 'pgproxy.on' must be a list, not text 'n1'",
        ]);

    [Theory]
    [InlineData("", "holdfast.yml: the file is empty; expected at least cluster, hosts, etcd, postgres")]
    [InlineData("just words", "holdfast.yml:1:1: the file must be a map, not text 'just words'")]
    [InlineData(
        "a: [1, 2",
        "holdfast.yml:2:1: not valid YAML: While parsing a flow sequence, did not find expected ',' or ']'")]
    public void A_text_that_is_no_cluster_file_at_all(string text, string problem) =>
        Problems(text).ShouldBe([problem]);

    [Fact]
    public void Nothing_is_bound_from_a_bad_file() =>
        ClusterFileReader.Read("holdfast.yml", Good + "\nedge: {}").File.ShouldBeNull();
}
