using System.Net;
using Holdfast.Store.Layout;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Agent.Rest;

public sealed class SwitchoverTests
{
    const string Wish = """{"leader":"n1","candidate":"n2"}""";

    [Fact]
    public async Task A_switchover_ends_when_the_candidate_leads()
    {
        await using var api = await ApiUnderTest.StartAsync();
        var asked = api.SendAsync(HttpMethod.Post, "/switchover", Wish);
        var wish = (await api.SeesAsync(cluster => cluster.Failover is not null)).Failover!;
        (wish.Leader!.Value.Value, wish.Candidate!.Value.Value).ShouldBe(("n1", "n2"));
        await api.PutAsync((api.Keys.Leader, "n2"), (api.Keys.Failover, ClusterValues.NoFailover));
        (await asked).ShouldBe((HttpStatusCode.OK, "Successfully switched over to \"n2\""));
    }

    [Fact]
    public async Task A_switchover_without_a_candidate_ends_with_whoever_leads()
    {
        await using var api = await ApiUnderTest.StartAsync();
        var asked = api.SendAsync(
            HttpMethod.Post, "/switchover", """{"leader":"n1","candidate":null,"scheduled_at":null}""");
        await api.WhenAskedAsync((api.Keys.Leader, "n2"));
        (await asked).ShouldBe((HttpStatusCode.OK, "Successfully switched over to \"n2\""));
    }

    [Fact]
    public async Task Another_winner_is_told()
    {
        await using var api = await ApiUnderTest.StartAsync();
        var asked = api.SendAsync(HttpMethod.Post, "/switchover", Wish);
        await api.WhenAskedAsync((api.Keys.Leader, "n3"));
        (await asked).ShouldBe((HttpStatusCode.OK, "Switched over to \"n3\" instead of \"n2\""));
    }

    [Fact]
    public async Task A_wish_that_the_leader_drops_has_failed()
    {
        await using var api = await ApiUnderTest.StartAsync();
        var asked = api.SendAsync(HttpMethod.Post, "/switchover", Wish);
        await api.WhenAskedAsync((api.Keys.Failover, ClusterValues.NoFailover));
        (await asked).ShouldBe((HttpStatusCode.ServiceUnavailable, "Switchover failed"));
    }

    [Fact]
    public async Task A_wish_that_nobody_hears_is_unknown_after_the_patience()
    {
        await using var api = await ApiUnderTest.StartAsync();
        (await api.SendAsync(HttpMethod.Post, "/switchover", Wish)).ShouldBe((HttpStatusCode.ServiceUnavailable,
            "Switchover status unknown after 2 seconds; operation may still be in progress"));
    }

    [Fact]
    public async Task A_candidate_that_must_not_be_promoted_is_not_asked_to()
    {
        await using var api = await ApiUnderTest.StartAsync(replicaNoFailover: true);
        (await api.SendAsync(HttpMethod.Post, "/switchover", Wish)).ShouldBe((HttpStatusCode.PreconditionFailed,
            "switchover is not possible: no good candidates have been found"));
        api.Cluster!.Failover.ShouldBeNull();
    }

    [Fact]
    public async Task A_former_wish_that_was_cleared_is_no_hindrance()
    {
        await using var api = await ApiUnderTest.StartAsync();
        await api.PutAsync((api.Keys.Failover, ClusterValues.NoFailover));
        var asked = api.SendAsync(HttpMethod.Post, "/failover", """{"member":"n2"}""");
        await api.WhenAskedAsync((api.Keys.Leader, "n2"));
        (await asked).ShouldBe((HttpStatusCode.OK, "Successfully failed over to \"n2\""));
    }

    [Theory]
    [InlineData("/switchover", "", 400, "the body must be a JSON object")]
    [InlineData("/switchover", """{"leader":"n2"}""", 412, "leader name does not match")]
    [InlineData("/switchover", """{"leader":"n1","scheduled_at":"2100-01-01T00:00:00Z"}""", 501,
        "scheduled switchover is not supported by this version; ask again without scheduled_at")]
    [InlineData("/failover", """{"leader":"n1"}""", 400, "Failover could be performed only to a specific candidate")]
    public async Task A_refusal_is_a_plain_text(string path, string body, int code, string text)
    {
        await using var api = await ApiUnderTest.StartAsync();
        (await api.SendAsync(HttpMethod.Post, path, body)).ShouldBe(((HttpStatusCode)code, text));
    }
}
