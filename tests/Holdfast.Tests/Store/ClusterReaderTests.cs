using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Store;

public sealed class ClusterReaderTests
{
    static readonly PatroniKeys s_keys = new("/service/", "batman");
    static readonly HoldfastKeys s_ours = new("batman");

    [Fact]
    public void Keys_are_Patronis()
    {
        s_keys.Prefix.ShouldBe("/service/batman/");
        s_keys.Leader.ShouldBe("/service/batman/leader");
        s_keys.Member("n1").ShouldBe("/service/batman/members/n1");
        s_keys.LeaderOptime.ShouldBe("/service/batman/optime/leader");
        s_ours.Release.ShouldBe("/holdfast/batman/release");
        s_ours.TermBase.ShouldBe("/holdfast/batman/term_base");
        s_ours.Event("7").ShouldBe("/holdfast/batman/events/7");
    }

    [Fact]
    public void An_empty_store_is_an_empty_view()
    {
        var view = Read();
        view.Initialize.ShouldBeNull();
        view.Leader.ShouldBeNull();
        view.Members.ShouldBeEmpty();
        view.Settings.ShouldBeNull();
        view.Revision.ShouldBe(100);
    }

    [Fact]
    public void The_term_is_the_base_and_the_leaders_revision()
    {
        var view = Read((s_keys.Leader, "n1"), (s_ours.TermBase, "1000"));
        view.Leader.ShouldBe(new LeaderView(new NodeName("n1"), new Term(1001), 1, 77));
        view.TermBase.ShouldBe(1000);
    }

    [Fact]
    public void Members_of_Patroni_are_read()
    {
        const string member = """
            {"conn_url":"postgres://127.0.0.1:5361/postgres","api_url":"https://127.0.0.1:8008/patroni",
             "state":"running","role":"master","version":"3.0.2","xlog_location":50331744,"timeline":1,
             "tags":{"nofailover":"true","clonefrom":true},"pending_restart":true}
            """;
        var view = Read(
            (s_keys.Member("n2"), member), (s_keys.Member("n1"), "no json"), (s_keys.Prefix + "other", "x"));

        view.Members.Select(m => m.Name.Value).ShouldBe(["n1", "n2"]);
        view.Member(new NodeName("n1")).ShouldBe(new MemberView { Name = new NodeName("n1") });
        var read = view.Member(new NodeName("n2"))!;
        read.Role.ShouldBe("primary");
        read.Address.ShouldBe(("127.0.0.1", 5361));
        read.Position.ShouldBe(new Lsn(50331744));
        read.Received.ShouldBeNull();
        (read.NoFailover, read.NoSync, read.PendingRestart).ShouldBe((true, false, true));
        read.Term.ShouldBe(Term.None);
    }

    [Theory]
    [InlineData("""{"failover_priority":"0"}""", true, false)]
    [InlineData("""{"failover_priority":"0","nofailover":false}""", false, false)]
    [InlineData("""{"failover_priority":"1","sync_priority":0}""", false, true)]
    [InlineData("""{"nosync":"on"}""", false, true)]
    [InlineData("""{"nosync":null}""", false, false)]
    public void Tags_mean_what_they_mean_to_Patroni(string tags, bool noFailover, bool noSync)
    {
        var member = MemberJson.Read(new NodeName("n1"), $$"""{"tags":{{tags}}}""");
        (member.NoFailover, member.NoSync).ShouldBe((noFailover, noSync));
    }

    [Theory]
    [InlineData(false, 1, false, 1)]
    [InlineData(true, 1, true, 0)]
    [InlineData(true, 0, false, 0)]
    [InlineData(false, 3, true, 2)]
    public void Priorities_and_booleans_come_back_as_they_were(bool noFailover, int failover, bool noSync, int sync)
    {
        var member = new MemberView
        {
            Name = new NodeName("n1"), NoFailover = noFailover, FailoverPriority = failover, NoSync = noSync,
            SyncPriority = sync,
        };
        MemberJson.Read(member.Name, MemberJson.Write(member)).ShouldBe(member);
    }

    [Fact]
    public void What_we_write_of_a_member_we_read_again_and_Patroni_finds_its_order()
    {
        var member = new MemberView
        {
            Name = new NodeName("n1"), ConnUrl = "postgres://10.77.0.11:5432/postgres",
            ApiUrl = "http://10.77.0.11:8008/patroni", State = "running", Role = "replica", Version = "4.1.4",
            Position = new Lsn(3), Received = new Lsn(2), Replayed = new Lsn(3), ReplicationState = "streaming",
            Timeline = 2, NoSync = true, PendingRestart = true, Term = new Term(42),
            Disk = "full", HandsOver = true, Successor = new NodeName("n2"),
        };

        var json = MemberJson.Write(member);

        json.ShouldBe("{\"conn_url\":\"postgres://10.77.0.11:5432/postgres\","
            + "\"api_url\":\"http://10.77.0.11:8008/patroni\","
            + "\"state\":\"running\",\"role\":\"replica\",\"version\":\"4.1.4\",\"tags\":{\"nosync\":true},"
            + "\"pending_restart\":true,\"xlog_location\":3,\"replay_lsn\":3,\"receive_lsn\":2,"
            + "\"replication_state\":\"streaming\",\"timeline\":2,\"holdfast_term\":42,\"holdfast_disk\":\"full\","
            + "\"holdfast_handover\":true,\"holdfast_successor\":\"n2\"}");
        MemberJson.Read(member.Name, json).ShouldBe(member);
    }

    [Theory]
    [InlineData("""{"leader":"n1","sync_standby":"n3,n1,n2","quorum":1}""", "n1", "n2 n3", 1)]
    [InlineData("""{"leader":"n1","sync_standby":null}""", "n1", "", 0)]
    [InlineData("""{"leader":null,"sync_standby":"","quorum":null}""", null, "", 0)]
    [InlineData("{}", null, "", 0)]
    public void The_sync_key_is_read(string json, string? leader, string standbys, int quorum)
    {
        var sync = Read((s_keys.Sync, json)).Sync!;
        sync.Leader?.Value.ShouldBe(leader);
        string.Join(' ', sync.Standbys).ShouldBe(standbys);
        (sync.Quorum, sync.ModRevision).ShouldBe((quorum, 1));
    }

    [Fact]
    public void An_empty_failover_key_is_no_wish()
    {
        Read((s_keys.Failover, "{}")).Failover.ShouldBeNull();
        Read((s_keys.Failover, """{"leader":"n1","member":"n2","scheduled_at":null}""")).Failover
            .ShouldBe(new FailoverView(new NodeName("n1"), new NodeName("n2"), null, 1));
    }

    [Theory]
    [InlineData("""{"optime":99,"slots":{"n2":98}}""", null, 99)]
    [InlineData("""{"optime":null}""", "77", 77)]
    [InlineData("12345", null, 12345)]
    [InlineData(null, "77", 77)]
    [InlineData("[]", "x", 0)]
    public void The_leaders_position_stands_in_either_key(string? status, string? optime, ulong position)
    {
        (string, string?)[] pairs = [(s_keys.Status, status), (s_keys.LeaderOptime, optime)];
        Read([.. pairs.Where(pair => pair.Item2 is not null).Select(pair => (pair.Item1, pair.Item2!))])
            .LeaderPosition.Value.ShouldBe(position);
    }

    [Fact]
    public void A_release_record_survives()
    {
        var release = new ReleaseView(new NodeName("n1"), new Term(12), "switchover");
        ClusterValues.Release(release).ShouldBe("""{"by":"n1","term":12,"why":"switchover"}""");
        Read((s_ours.Release, ClusterValues.Release(release))).Release!.End.ShouldBeNull();
        var clean = release with { End = (3, new Lsn(0x5000028)), To = new NodeName("n2") };
        ClusterValues.Release(clean).ShouldBe(
            """{"by":"n1","term":12,"why":"switchover","timeline":3,"shutdown_at":83886120,"to":"n2"}""");
        var read = Read((s_ours.Release, ClusterValues.Release(clean))).Release!;
        (read with { ModRevision = 0 }).ShouldBe(clean);
        Read((s_ours.Release, "{}")).Release.ShouldBeNull();
    }

    [Fact]
    public void Values_are_written_as_Patroni_writes_them()
    {
        NodeName n1 = new("n1"), n2 = new("n2"), n3 = new("n3");
        ClusterValues.Sync(n1, [n3, n2], 1).ShouldBe("""{"leader":"n1","quorum":1,"sync_standby":"n2,n3"}""");
        ClusterValues.Sync(n1, [], 0).ShouldBe("""{"leader":"n1","quorum":0,"sync_standby":null}""");
        ClusterValues.Failover(n1, candidate: null, scheduledAt: null).ShouldBe("""{"leader":"n1"}""");
        var slots = ImmutableSortedDictionary<string, Lsn>.Empty.Add("n2", new Lsn(8));
        ClusterValues.Status(new Lsn(9), slots, ["n1", "n2"])
            .ShouldBe("""{"optime":9,"slots":{"n2":8},"retain_slots":["n1","n2"]}""");
    }

    [Fact]
    public void History_grows_at_its_end_and_loses_what_a_branch_left()
    {
        var line = new HistoryLine(3, new Lsn(30), "no recovery target specified", "2026-07-15T00:00:00Z", new("n2"));
        const string added = """[3,30,"no recovery target specified","2026-07-15T00:00:00Z","n2"]""";
        ClusterValues.AppendHistory(null, line).ShouldBe($"[{added}]");
        ClusterValues.AppendHistory("""[[1,10,"a","t","n1"],[2,20,"b"],[3,99,"left","t","n3"]]""", line)
            .ShouldBe($"""[[1,10,"a","t","n1"],[2,20,"b"],{added}]""");
        ClusterValues.AppendHistory("spoilt", line).ShouldBe($"[{added}]");
    }

    static ClusterView Read(params (string Key, string Value)[] pairs) => ClusterReader.Read(
        new Snapshot(
            new StoreHeader(5, 1, 100, 2),
            [.. pairs.Select((pair, i) => new KeyValue(pair.Key, pair.Value, 1, i + 1, 77))]),
        s_keys, s_ours);
}
