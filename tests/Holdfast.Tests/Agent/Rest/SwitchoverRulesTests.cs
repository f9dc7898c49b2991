using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Agent.Rest.SwitchoverRules;

namespace Holdfast.Tests.Agent.Rest;

public sealed class SwitchoverRulesTests
{
    static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    static readonly ClusterView Quorum = Views.Cluster.Synchronous(SynchronousMode.Quorum, "n2");

    [Theory]
    [InlineData("""{"leader":"n1"}""", null)]
    [InlineData("""{"leader":"n1","candidate":"n2"}""", null)]
    [InlineData("""{"leader":"n1","member":"n2","scheduled_at":null}""", null)]
    [InlineData("""{"candidate":"n2"}""", "400 Switchover could be performed only from a specific leader")]
    [InlineData("""{"leader":null}""", "400 Switchover could be performed only from a specific leader")]
    [InlineData("""{"leader":"n1","candidate":"n1"}""", "400 Switchover target and source are the same")]
    [InlineData("""{"leader":"n2"}""", "412 leader name does not match")]
    [InlineData("""{"leader":"n1","candidate":"n9"}""", "412 candidate does not exists")]
    public void A_switchover_is_checked(string body, string? expected) =>
        Judge(Switchover, body, Views.Cluster).ShouldBe(expected);

    [Theory]
    [InlineData("""{"candidate":"n2"}""", null)]
    [InlineData("""{"leader":"n1"}""", "400 Failover could be performed only to a specific candidate")]
    [InlineData("""{"candidate":"n2","scheduled_at":"x"}""", "400 Failover can't be scheduled")]
    [InlineData("""{"leader":"n3","candidate":"n2"}""", "412 leader name does not match")]
    [InlineData("""{"candidate":"n9"}""", "412 candidate does not exists")]
    public void A_failover_is_checked(string body, string? expected) =>
        Judge(Failover, body, Views.Cluster).ShouldBe(expected);

    [Theory]
    [InlineData("2026-01-31T13:00:00", "400 Timezone information is mandatory for the scheduled switchover")]
    [InlineData("2026-01-31T11:00:00Z", "422 Cannot schedule switchover in the past")]
    [InlineData("2026-01-31T12:30:00+01:00", "422 Cannot schedule switchover in the past")]
    [InlineData("soon",
        "422 Unable to parse scheduled timestamp. It should be in an unambiguous format, e.g. ISO 8601")]
    [InlineData("2026-01-31T13:00:00+00:00", null)]
    public void A_time_is_checked(string time, string? expected) =>
        Judge(Switchover, $$"""{"leader":"n1","scheduled_at":"{{time}}"}""", Views.Cluster).ShouldBe(expected);

    [Fact]
    public void In_pause_a_switchover_needs_its_candidate()
    {
        var paused = Views.Cluster.Paused();
        Judge(Switchover, """{"leader":"n1"}""", paused)
            .ShouldBe("400 Switchover is possible only to a specific candidate in a paused state");
        Judge(Switchover, """{"leader":"n1","scheduled_at":"2026-01-31T13:00:00Z"}""", paused)
            .ShouldBe("400 Can't schedule switchover in the paused state");
        Judge(Switchover, """{"leader":"n1","candidate":"n2"}""", paused).ShouldBeNull();
    }

    [Theory]
    [InlineData(SynchronousMode.On)]
    [InlineData(SynchronousMode.Quorum)]
    public void In_a_synchronous_mode_only_a_member_of_sync_may_take_over(SynchronousMode mode)
    {
        var cluster = Views.Cluster.Synchronous(mode, "n2");
        Judge(Switchover, """{"leader":"n1","candidate":"n2"}""", cluster).ShouldBeNull();
        Judge(Switchover, """{"leader":"n1","candidate":"n3"}""", cluster)
            .ShouldBe("412 candidate name does not match with sync_standby");
        Judge(Switchover, """{"leader":"n1"}""", Views.Cluster.Synchronous(mode))
            .ShouldBe("412 switchover is not possible: can not find sync_standby");
    }

    [Fact]
    public void A_lonely_leader_stays() =>
        Judge(Switchover, """{"leader":"n1"}""", Quorum with { Members = [Views.Member("n1", "primary")] })
            .ShouldBe("412 switchover is not possible: cluster does not have members except leader");

    [Fact]
    public void Those_who_are_asked_are_those_who_may_take_over()
    {
        Names("""{"leader":"n1"}""", Views.Cluster).ShouldBe(["n2", "n3"]);
        Names("""{"leader":"n1"}""", Quorum).ShouldBe(["n2"]);
        Names("""{"leader":"n1","candidate":"n3"}""", Views.Cluster).ShouldBe(["n3"]);
    }

    [Fact]
    public void A_failover_that_names_its_leader_is_a_switchover()
    {
        Action(Failover, Parse("""{"leader":"n1","candidate":"n2"}""")!).ShouldBe(Switchover);
        Action(Failover, Parse("""{"candidate":"n2"}""")!).ShouldBe(Failover);
        NoGoodCandidates(Failover)
            .ShouldBe(new TextAnswer(412, "failover is not possible: no good candidates have been found"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void A_body_that_says_nothing_is_no_request(string body) => Parse(body).ShouldBeNull();

    [Theory]
    [InlineData("""{"ttl":5}""", """{"ttl":5,"a":{"b":1}}""", true)]
    [InlineData("""{"ttl":"3"}""", """{"ttl":3,"a":{"b":1}}""", false)]
    [InlineData("""{"a":{"c":2}}""", """{"ttl":3,"a":{"b":1,"c":2}}""", true)]
    [InlineData("""{"a":null}""", """{"ttl":3}""", true)]
    [InlineData("""{"x":null}""", """{"ttl":3,"a":{"b":1}}""", false)]
    [InlineData("""{"a":{"b":null}}""", """{"ttl":3,"a":{}}""", true)]
    [InlineData("""{"a":7}""", """{"ttl":3,"a":7}""", true)]
    public void A_configuration_is_patched(string change, string expected, bool changed)
    {
        var config = JsonNode.Parse("""{"ttl":3,"a":{"b":1}}""")!.AsObject();
        ConfigPatch.Merge(config, JsonNode.Parse(change)!.AsObject()).ShouldBe(changed);
        config.ToJsonString().ShouldBe(expected);
    }

    static string? Judge(string asked, string body, ClusterView cluster) =>
        Refusal(asked, Parse(body).ShouldNotBeNull(), cluster, Now) is { } refusal
            ? $"{refusal.Code} {refusal.Text}"
            : null;

    static IEnumerable<string> Names(string body, ClusterView cluster) =>
        Candidates(Parse(body)!, cluster).Select(member => member.Name.Value).Order(StringComparer.Ordinal);

    static SwitchoverRequest? Parse(string body) => SwitchoverRequest.Parse(Encoding.UTF8.GetBytes(body));
}
