using System.Collections.Immutable;
using System.Text;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Rest;

public sealed class StatusJsonTests
{
    [Fact]
    public void A_primary_tells_where_it_stands() => Json(Views.Primary).ShouldBe(
        OneLine(
            """
            {"state":"running","postmaster_start_time":"2026-01-31 12:00:00.5+00","role":"primary",
            "server_version":150020,
            "xlog":{"location":5000},"timeline":1,"dcs_last_seen":1769862896,"database_system_identifier":"7301",
            "patroni":{"version":"4.1.4","scope":"filmopoisk","name":"n1"},
            "holdfast":{"term":42,"has_lease":true,"data":"usable","position_age_ms":250,
            "job":null,"decision":"Wait"}}
            """));

    [Fact]
    public void A_required_watchdog_that_does_not_work_is_told_in_Patronis_word() =>
        Json(Views.Primary with { WatchdogFailed = true }).ShouldContain("\"watchdog_failed\":true,\"patroni\":");

    [Fact]
    public void A_disk_in_trouble_says_which_and_why() =>
        Json(Views.Primary with { Disk = new DiskView(DiskTrouble.Full, "no space", TimeSpan.Zero) })
            .ShouldEndWith("\"disk\":\"full\",\"disk_why\":\"no space\"}}");

    [Fact]
    public void A_replica_tells_what_it_received_and_replayed()
    {
        var json = Json(Views.Replica.Synchronous(SynchronousMode.Quorum, "n2", "n3"));
        json.ShouldContain(
            OneLine(
            """
            "xlog":{"received_location":4900,"replayed_location":4800,
            "replayed_timestamp":"2026-01-31 12:34:56.789+00","paused":false}
            """));
        json.ShouldContain("\"replication_state\":\"streaming\",\"quorum_standby\":true");
    }

    [Fact]
    public void A_replica_that_received_nothing_shows_what_it_replayed() =>
        Json(Views.Replica with { Postgres = Views.Replica.Postgres with { Received = null } })
            .ShouldContain("\"received_location\":4800");

    [Fact]
    public void A_stopped_server_has_no_position()
    {
        var json = Json(Views.Stopped);
        json.ShouldStartWith("""{"state":"stopped","role":"demoted","dcs_last_seen":""");
        json.ShouldNotContain("xlog");
    }

    [Fact]
    public void Without_a_leader_the_cluster_is_unlocked() =>
        Json(Views.Replica with { Cluster = Views.Cluster with { Leader = null } })
            .ShouldContain("\"cluster_unlocked\":true");

    [Fact]
    public void Only_true_tags_are_shown() =>
        Json(Views.Replica with { NoFailover = true, NoSync = true })
            .ShouldContain("\"tags\":{\"nofailover\":true,\"nosync\":true}");

    [Fact]
    public void A_walsender_is_listed()
    {
        var sender = new WalSenderView
        {
            Name = new("n2"), Pid = 1, State = "streaming", SyncState = "quorum", ClientAddress = "10.77.0.12",
        };
        Json(Views.Primary with { Postgres = Views.Primary.Postgres with { WalSenders = [sender] } }).ShouldContain(
            OneLine(
            """
            "replication":[{"application_name":"n2","client_addr":"10.77.0.12","state":"streaming",
            "sync_state":"quorum"}]
            """));
    }

    [Fact]
    public void A_status_is_read_back_by_a_peer()
    {
        var answer = PeerAnswerReader.Read(JsonText.Write(
            Views.Replica with { NoFailover = true, Job = new("clone", TimeSpan.Zero) }, Write)).ShouldNotBeNull();
        answer.Name.ShouldBe(new NodeName("n2"));
        (answer.Scope, answer.Role, answer.State).ShouldBe(("filmopoisk", "replica", "running"));
        (answer.Received, answer.Replayed, answer.Location).ShouldBe((new Lsn(4900), new Lsn(4800), null));
        answer.Position.ShouldBe(new Lsn(4900));
        answer.PositionAge.ShouldBe(TimeSpan.FromMilliseconds(250));
        (answer.SystemIdentifier, answer.Timeline).ShouldBe(("7301", 1));
        (answer.Data, answer.Job).ShouldBe((DataState.Usable, "clone"));
        answer.FailoverLimitation.ShouldBe("not allowed to promote");
    }

    [Fact]
    public void A_leader_is_read_back_by_a_peer()
    {
        var answer = PeerAnswerReader.Read(JsonText.Write(Views.Primary, Write)).ShouldNotBeNull();
        (answer.HasLease, answer.Term, answer.Location).ShouldBe((true, new Term(42), new Lsn(5000)));
        answer.FailoverLimitation.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"nofailover":"true"}""", true)]
    [InlineData("""{"nofailover":false,"failover_priority":"0"}""", false)]
    [InlineData("""{"failover_priority":"0"}""", true)]
    [InlineData("""{"failover_priority":1}""", false)]
    [InlineData("{}", false)]
    public void A_member_of_Patroni_is_read(string tags, bool noFailover)
    {
        var text = $$"""
            {"state":"running","role":"replica","xlog":{"received_location":70,"replayed_location":60},"tags":{{tags}},
             "patroni":{"version":"4.1.4","scope":"batman","name":"postgres-0"},"timeline":null}
            """;
        var answer = PeerAnswerReader.Read(Encoding.UTF8.GetBytes(text)).ShouldNotBeNull();
        (answer.Term, answer.HasLease, answer.Data, answer.PositionAge).ShouldBe((Term.None, false, null, null));
        answer.NoFailover.ShouldBe(noFailover);
        answer.Position.ShouldBe(new Lsn(70));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("""{"state":"running","role":"replica"}""")]
    [InlineData("""{"state":1,"role":"replica","patroni":{"name":"x"}}""")]
    public void What_is_no_status_is_no_answer(string text) =>
        PeerAnswerReader.Read(Encoding.UTF8.GetBytes(text)).ShouldBeNull();

    [Fact]
    public void The_cluster_shows_every_member_with_its_lag()
    {
        var cluster = Views.Cluster.Synchronous(SynchronousMode.Quorum, "n2") with { LeaderPosition = new(0x3000100) };
        var json = Encoding.UTF8.GetString(
            JsonText.Write(cluster, (writer, it) => ClusterJson.Write(writer, it, "filmopoisk")).Span);
        json.ShouldBe(
            OneLine(
            """
            {"members":[{"name":"n1","role":"leader","state":"running","api_url":"http://10.77.0.11:8008/patroni",
            "host":"10.77.0.11","port":5432,"timeline":1},
            {"name":"n2","role":"quorum_standby","state":"streaming","api_url":"http://10.77.0.12:8008/patroni",
            "host":"10.77.0.12","port":5432,"timeline":1,"receive_lsn":"0/3000060","receive_lag":160,
            "replay_lsn":"0/3000000","replay_lag":256,"lsn":"0/3000060","lag":160},
            {"name":"n3","role":"replica","state":"starting","api_url":"http://10.77.0.13:8008/patroni",
            "host":"10.77.0.13","port":5432,"timeline":1,"receive_lsn":"unknown","receive_lag":"unknown",
            "replay_lsn":"unknown","replay_lag":"unknown","lsn":"unknown","lag":"unknown"}],
            "scope":"filmopoisk"}
            """));
    }

    static string OneLine(string text) => text.ReplaceLineEndings("");

    static string Json(AgentView view) => Encoding.UTF8.GetString(JsonText.Write(view, Write).Span);

    static void Write(System.Text.Json.Utf8JsonWriter json, AgentView view) => StatusJson.Write(json, view, Views.Now);
}
