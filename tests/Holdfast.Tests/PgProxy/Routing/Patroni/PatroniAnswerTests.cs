using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Routing.Patroni;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Routing.Patroni;

/// <summary>Answers as Patroni 3.0.2 and 4.1.4 give them.</summary>
public sealed class PatroniAnswerTests
{
    const string Old = """
        {"state": "running", "postmaster_start_time": "2026-11-28 10:00:00.0+00:00", "role": "master",
         "server_version": 150020, "xlog": {"location": 67108864}, "timeline": 3, "dcs_last_seen": 1790000000,
         "database_system_identifier": "7000000000000000001", "patroni": {"version": "3.0.2", "scope": "films"}}
        """;

    const string New = """
        {"state": "running", "role": "replica", "server_version": 150020, "timeline": 3,
         "xlog": {"received_location": 67108864, "replayed_location": 67100000, "paused": false},
         "replication_state": "streaming", "tags": {"noloadbalance": true},
         "database_system_identifier": "7000000000000000001",
         "patroni": {"version": "4.1.4", "scope": "films", "name": "p2"}}
        """;

    [Fact]
    public void A_primary_in_the_old_words_is_one()
    {
        var said = PatroniAnswer.Read(200, Old).ShouldNotBeNull();
        (said.IsPrimary, said.Role, said.Timeline, said.Written, said.Version)
            .ShouldBe((true, "primary", 3, new Lsn(67108864), "3.0.2"));
        said.System.ShouldBe(7000000000000000001ul);
    }

    [Fact]
    public void A_replica_in_the_new_words_tells_all_of_itself()
    {
        var said = PatroniAnswer.Read(503, New).ShouldNotBeNull();
        (said.IsPrimary, said.Role, said.Received, said.Replayed, said.ReplicationState, said.NoLoadBalance)
            .ShouldBe((false, "replica", new Lsn(67108864), new Lsn(67100000), "streaming", true));
    }

    [Fact]
    public void A_primary_that_does_not_hold_the_lock_is_none() =>
        PatroniAnswer.Read(503, Old)!.IsPrimary.ShouldBeFalse();

    [Theory]
    [InlineData("\"running\"", "\"starting\"")]
    [InlineData("\"master\"", "\"replica\"")]
    [InlineData("\"timeline\": 3", "\"timeline\": null")]
    public void A_leader_that_is_no_running_primary_is_none(string part, string other) =>
        PatroniAnswer.Read(200, Old.Replace(part, other, StringComparison.Ordinal))!.IsPrimary.ShouldBeFalse();

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "[]")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"role": "primary"}""")]
    [InlineData(404, Old)]
    public void What_is_not_Patronis_is_no_answer(int code, string body) =>
        PatroniAnswer.Read(code, body).ShouldBeNull();

    [Fact]
    public void The_list_gives_names_addresses_and_apis()
    {
        var members = PatroniMember.ReadAll("""
            {"members": [
              {"name": "p1", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
               "host": "10.0.0.1", "port": 5432, "timeline": 3},
              {"name": "p2", "role": "replica", "state": "streaming", "api_url": "https://db2:8008/patroni",
               "host": "fd00::2", "port": "5433", "lag": 0},
              {"name": "p3", "role": "replica", "state": "creating replica"},
              {"name": "p1", "api_url": "http://10.0.0.9:8008/patroni", "host": "10.0.0.9", "port": 5432},
              {"name": "p5", "api_url": "ftp://10.0.0.5/", "host": "10.0.0.5", "port": 5432}, 6
            ], "scope": "films"}
            """);
        members.Select(member => $"{member.Name} {member.Api} {member.ConnUrl}").ShouldBe(
        [
            "p1 http://10.0.0.1:8008/ postgres://10.0.0.1:5432/",
            "p2 https://db2:8008/ postgres://[fd00::2]:5433/",
        ]);
    }

    [Theory, InlineData(""), InlineData("{}"), InlineData("""{"members": 1}"""), InlineData("[1]")]
    public void What_is_no_list_lists_nobody(string body) => PatroniMember.ReadAll(body).ShouldBeEmpty();
}
