using Holdfast.Agent.Rest;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Agent.Rest;

public sealed class HealthAnswerTests
{
    // Of each path: the code on a primary, an asynchronous replica, a stopped node.
    [Theory]
    [InlineData("/", 200, 503, 503)]
    [InlineData("/primary", 200, 503, 503)]
    [InlineData("/master", 200, 503, 503)]
    [InlineData("/read-write", 200, 503, 503)]
    [InlineData("/leader", 200, 503, 503)]
    [InlineData("/standby_leader", 503, 503, 503)]
    [InlineData("/replica", 503, 200, 503)]
    [InlineData("/read-only", 200, 200, 503)]
    [InlineData("/sync", 503, 503, 503)]
    [InlineData("/synchronous", 503, 503, 503)]
    [InlineData("/async", 503, 200, 503)]
    [InlineData("/asynchronous", 503, 200, 503)]
    [InlineData("/quorum", 503, 503, 503)]
    [InlineData("/read-only-sync", 200, 503, 503)]
    [InlineData("/read-only-quorum", 200, 503, 503)]
    [InlineData("/health", 200, 200, 503)]
    [InlineData("/liveness", 200, 200, 200)]
    [InlineData("/readiness", 200, 200, 503)]
    [InlineData("/nonsense", 503, 503, 503)]
    public void A_path_answers_by_role(string path, int primary, int replica, int stopped)
    {
        Code(path, Views.Primary).ShouldBe(primary);
        Code(path, Views.Replica).ShouldBe(replica);
        Code(path, Views.Stopped).ShouldBe(stopped);
    }

    // Of each path: the code on a standby in /sync in the plain and in the quorum mode, and on one that is not in it.
    [Theory]
    [InlineData("/sync", 200, 503, 503)]
    [InlineData("/synchronous", 200, 503, 503)]
    [InlineData("/quorum", 503, 200, 503)]
    [InlineData("/async", 503, 503, 200)]
    [InlineData("/read-only-sync", 200, 503, 503)]
    [InlineData("/read-only-quorum", 503, 200, 503)]
    [InlineData("/replica", 200, 200, 200)]
    public void A_path_answers_by_the_synchronous_set(string path, int sync, int quorum, int outside)
    {
        Code(path, Views.Replica.Synchronous(SynchronousMode.On, "n2")).ShouldBe(sync);
        Code(path, Views.Replica.Synchronous(SynchronousMode.Quorum, "n2", "n3")).ShouldBe(quorum);
        Code(path, Views.Replica.Synchronous(SynchronousMode.Quorum, "n3")).ShouldBe(outside);
    }

    [Fact]
    public void A_primary_without_the_lease_is_not_the_primary() =>
        Code("/primary", Views.Primary with { HasLease = false }).ShouldBe(503);

    [Fact]
    public void A_leader_that_is_not_promoted_yet_leads_and_is_not_the_primary()
    {
        var promoting = Views.Replica with { HasLease = true };
        Code("/leader", promoting).ShouldBe(200);
        Code("/primary", promoting).ShouldBe(503);
    }

    [Fact]
    public void A_view_older_than_the_ttl_does_not_say_primary()
    {
        Code("/primary", Views.Primary with { LastTurn = Views.Now - Views.Ttl }).ShouldBe(200);
        var old = Views.Primary with { LastTurn = Views.Now - Views.Ttl - TimeSpan.FromTicks(1) };
        Code("/primary", old).ShouldBe(503);
        Code("/leader", old).ShouldBe(503);
        Code("/liveness", old).ShouldBe(503);
    }

    [Fact]
    public void A_replica_may_be_late_by_two_ttl()
    {
        Code("/liveness", Views.Replica with { LastTurn = Views.Now - 2 * Views.Ttl }).ShouldBe(200);
        Code("/liveness", Views.Replica with { LastTurn = Views.Now - 2.1 * Views.Ttl }).ShouldBe(503);
    }

    // The replica is 200 bytes behind in replay, 100 in what it received.
    [Theory]
    [InlineData("/replica?lag=200", 200)]
    [InlineData("/replica?lag=199", 503)]
    [InlineData("/replica?lag=0", 503)]
    [InlineData("/replica?lag=1kB", 200)]
    [InlineData("/replica?lag=nonsense", 200)]
    [InlineData("/async?lag=199", 503)]
    [InlineData("/read-only?lag=199", 503)]
    [InlineData("/readiness?lag=199", 503)]
    [InlineData("/readiness?lag=199&mode=write", 200)]
    [InlineData("/readiness?lag=99&mode=write", 503)]
    [InlineData("/replica?replication_state=streaming", 200)]
    [InlineData("/replica?replication_state=in%20archive%20recovery", 503)]
    [InlineData("/replica?tag_x=y", 503)]
    [InlineData("/replica?tag_nosync=true", 200)]
    [InlineData("/replica?tag_nosync=false", 503)]
    [InlineData("/replica?tag_nofailover=true", 503)]
    public void A_condition_of_the_query_is_heeded(string request, int code)
    {
        var at = request.IndexOf('?', StringComparison.Ordinal);
        HealthAnswer
            .Code(request[..at], HealthQuery.Parse(request[at..]), Views.Replica with { NoSync = true }, Views.Now)
            .ShouldBe(code);
    }

    [Fact]
    public void A_replica_with_noloadbalance_is_hidden() =>
        Code("/replica", Views.Replica with { NoLoadBalance = true }).ShouldBe(503);

    [Fact]
    public void A_replica_that_does_not_stream_is_healthy_and_not_ready()
    {
        var idle = Views.Replica with { Postgres = Views.Replica.Postgres with { Streaming = false } };
        Code("/replica", idle).ShouldBe(200);
        Code("/readiness", idle).ShouldBe(503);
    }

    [Fact]
    public void A_server_that_does_not_answer_is_not_healthy()
    {
        var mute = Views.Replica with { Postgres = new() { State = PostgresState.Starting, Data = DataState.Usable } };
        Code("/health", mute).ShouldBe(503);
        Code("/replica", mute).ShouldBe(503);
    }

    [Fact]
    public void Without_a_view_of_the_store_a_replica_serves_and_tells_no_synchrony()
    {
        var blind = Views.Replica with { Cluster = null };
        Code("/replica", blind).ShouldBe(200);
        Code("/async", blind).ShouldBe(503);
        Code("/readiness", blind).ShouldBe(503);
    }

    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("1048576", 1048576UL)]
    [InlineData("10MB", 10UL << 20)]
    [InlineData("16 kB", 16384UL)]
    [InlineData("1.5GB", 1610612736UL)]
    [InlineData("1TB", 1UL << 40)]
    [InlineData("10mb", null)]
    [InlineData("-1", null)]
    [InlineData("", null)]
    public void Bytes_are_read_in_the_units_of_PostgreSQL(string text, ulong? bytes) =>
        HealthQuery.ParseBytes(text).ShouldBe(bytes);

    static int Code(string path, AgentView view) => HealthAnswer.Code(path, HealthQuery.None, view, Views.Now);

    [Theory]
    [InlineData("/primary", 503)]
    [InlineData("/read-write", 503)]
    [InlineData("/health", 503)]
    [InlineData("/leader", 200)]
    public void A_primary_that_lets_nobody_in_yet_leads_and_does_not_serve(string path, int code) =>
        Code(path, Views.Primary with { State = "starting" }).ShouldBe(code);
}
