using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Postgres.Instance;

public sealed class ConfigurationTests
{
    const long Gigabyte = 1024L * 1024 * 1024;

    static readonly InstanceSettings Settings = new()
    {
        Name = new NodeName("n1"),
        Scope = "films",
        DataDirectory = "/data",
        BinDirectory = "/bin",
        ListenAddresses = "10.0.0.1,127.0.0.1",
        Port = 5432,
        ConnectHost = "10.0.0.1",
        SocketDirectory = "/run/s",
        LogFile = "/log",
        Superuser = new Credentials("postgres", "a:b\\c"),
        Replication = new Credentials("replicator", "it's"),
        Rewind = new Credentials("postgres", "other"),
        Parameters = Map(("Work_Mem", "8MB")),
    };

    [Theory]
    [InlineData("plain")]
    [InlineData("it's \\ a 'value'")]
    [InlineData("two\nlines\r")]
    [InlineData("")]
    [InlineData("ANY 1 (\"n2\",\"n3\")")]
    public void What_is_written_is_read_back(string value) =>
        ConfigurationText.Parse(ConfigurationText.Format(Map(("a", value), ("x.y", "z"))))
            .ShouldBe(Map(("a", value), ("x.y", "z")));

    [Fact]
    public void The_members_parameter_wins_over_the_clusters_and_ours_over_both()
    {
        var merged = ServerParameters.Merge(
            Settings,
            Map(("work_mem", "4MB"), ("PORT", "1"), ("restart_after_crash", "on"), ("recovery_target_lsn", "0/1"),
                ("synchronous_standby_names", "*"), ("bad name", "x"), ("wal_level", "minimal"),
                ("max_wal_senders", "20")),
            majorVersion: 15,
            volumeBytes: 100 * Gigabyte);
        merged["work_mem"].ShouldBe("8MB");
        merged["port"].ShouldBe("5432");
        merged["restart_after_crash"].ShouldBe("off");
        merged["wal_level"].ShouldBe("replica");
        merged["max_wal_senders"].ShouldBe("20");
        merged["max_slot_wal_keep_size"].ShouldBe("20480MB");
        merged.ContainsKey("recovery_target_lsn").ShouldBeFalse();
        merged.ContainsKey("synchronous_standby_names").ShouldBeFalse();
        merged.ContainsKey("bad name").ShouldBeFalse();
        string[] durability = ["fsync", "full_page_writes", "synchronous_commit"];
        durability.Any(merged.ContainsKey).ShouldBeFalse();
    }

    [Fact]
    public void Logical_wal_level_is_kept() =>
        ServerParameters.Merge(Settings, Map(("wal_level", "logical")), 15, Gigabyte)["wal_level"].ShouldBe("logical");

    [Fact]
    public void A_replica_is_never_smaller_than_its_primary() =>
        ServerParameters.Raised(Map(("max_connections", "50")), new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["max_connections"] = 200, ["max_worker_processes"] = 8, ["max_prepared_transactions"] = 5,
        }).ShouldBe([KeyValuePair.Create("max_connections", 200), KeyValuePair.Create("max_prepared_transactions", 5)]);

    [Fact]
    public void Alter_system_keeps_what_is_not_ours() =>
        ConfigurationText.WithoutOurs("# comment\nwork_mem = '1MB'\nsynchronous_standby_names = '*'\nPort = '1'\n")
            .ShouldBe("# comment\nwork_mem = '1MB'\n");

    [Fact]
    public void A_conninfo_names_the_member_and_no_password()
    {
        var conninfo = Conninfo.Of(
            new ServerAddress(new NodeName("n2"), "10.0.0.2", 5432),
            "replicator",
            new NodeName("n 1"),
            "/p/data.pgpass",
            null);
        conninfo.ShouldStartWith(
            "host=10.0.0.2 port=5432 user=replicator application_name='n 1' passfile=/p/data.pgpass ");
        conninfo.ShouldContain("keepalives_idle=2");
    }

    [Fact]
    public void The_password_file_escapes_its_separators() =>
        Conninfo.PassFile(Settings.Replication, Settings.Superuser, Settings.Rewind)
            .ShouldBe("*:*:*:replicator:it's\n*:*:*:postgres:a\\:b\\\\c\n");

    [Fact]
    public void The_members_access_rules_replace_the_clusters_but_not_the_agents()
    {
        HostBasedAccess.Text(["mine"], ["theirs"]).ShouldEndWith("local replication all trust\nmine\n");
        HostBasedAccess.Text([], ["theirs"]).ShouldEndWith("trust\ntheirs\n");
        HostBasedAccess.Text([], []).ShouldContain("host replication all ::/0 scram-sha-256");
    }

    static ImmutableSortedDictionary<string, string> Map(params (string Name, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
}
