using System.Net.Http.Json;
using Holdfast.Doubles.Store;
using Holdfast.Store;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Store;

/// <summary>One healthy etcd.</summary>
[Collection(EtcdFixture.Collection)]
public sealed class EtcdStoreTests(EtcdFixture etcd)
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Cases => [.. StoreContract.Cases];

    [Theory, MemberData(nameof(Cases))]
    public async Task Etcd_keeps_the_contract(string sentence)
    {
        using var store = etcd.One.Connect();
        using var http = new HttpClient();
        var subject = new StoreSubject(
            store,
            async revision =>
            {
                var uri = $"http://{etcd.One.Endpoints[0]}/v3/kv/compaction";
                var answer = await http.PostAsJsonAsync(uri, new { revision = $"{revision}" }, Stop);
                answer.EnsureSuccessStatusCode();
            },
            by => Task.Delay(by, Stop)); // Leases of a real etcd run by its own clock.
        await StoreContract.RunAsync(sentence, subject, Stop);
    }

    [Fact]
    public async Task The_status_tells_who_leads()
    {
        using var store = etcd.Three.Connect();
        var leader = await etcd.Three.LeaderAsync(Stop);

        var status = await store.StatusAsync(etcd.Three.Endpoints[leader], Stop);
        var members = await store.MembersAsync(Stop);

        status.Leader.ShouldBe(status.Member);
        status.Version.ShouldStartWith("3.");
        status.RaftTerm.ShouldBeGreaterThan(0);
        status.DatabaseBytes.ShouldBeGreaterThan(0);
        members.Select(member => member.Name).Order(StringComparer.Ordinal).ShouldBe(["m0", "m1", "m2"]);
        members.ShouldAllBe(member => member.ClientUrls.Length == 1 && member.PeerUrls.Length == 1);
    }

    [Fact]
    public async Task Leadership_moves_when_asked_and_is_refused_elsewhere()
    {
        using var store = etcd.Three.Connect();
        var leader = await etcd.Three.LeaderAsync(Stop);
        var (from, to) = (etcd.Three.Endpoints[leader], etcd.Three.Endpoints[(leader + 1) % 3]);
        var target = (await store.StatusAsync(to, Stop)).Member;

        (await store.MoveLeaderAsync(to, target, Stop)).ShouldBe(WriteOutcome.Refused); // It does not lead.
        (await store.MoveLeaderAsync(from, target, Stop)).ShouldBe(WriteOutcome.Written);
        while ((await store.StatusAsync(to, Stop)).Leader != target)
            Stop.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task A_member_is_added_and_removed()
    {
        await using var cluster = await EtcdCluster.StartAsync(1, Stop);
        using var store = cluster.Connect();
        const string peer = "http://127.0.0.1:1";

        (await store.RemoveMemberAsync(12345, Stop)).ShouldBe(WriteOutcome.Refused);
        (await store.AddMemberAsync(cluster.Members[0].PeerUrl, Stop)).ShouldBe(WriteOutcome.Refused);
        (await store.DefragmentAsync(cluster.Endpoints[0], Stop)).ShouldBe(WriteOutcome.Written);
        (await store.AddMemberAsync(peer, Stop)).ShouldBe(WriteOutcome.Written);
        var added = (await store.MembersAsync(Stop)).Single(member => member.PeerUrls is [peer]);
        added.Name.ShouldBe("");
    }

    [Fact]
    public async Task A_lost_answer_is_unknown_and_is_not_sent_again()
    {
        await using var dropper = new AnswerDropper(etcd.One.Members[0].ClientPort);
        using var store = Connecting.To(dropper.Endpoint, etcd.One.Endpoints[0]);
        using var direct = etcd.One.Connect();
        const string key = "/lost/answer";
        dropper.DropsAnswers = true;

        var result = await store.CommitAsync(
            new Transaction([new Compare.Missing(key)], [new Operation.Put(key, "1")]), Stop);

        result.Outcome.ShouldBe(WriteOutcome.Unknown);
        (await direct.ReadAsync([key], Stop)).Pairs.Length.ShouldBe(1); // It had happened.
    }

    [Fact]
    public async Task Where_nobody_listens_nothing_was_sent()
    {
        using var store = Connecting.To("127.0.0.1:1");
        var write = new Transaction([], [new Operation.Put("/a", "1")]);

        var result = await store.CommitAsync(write, Stop);

        result.Outcome.ShouldBe(WriteOutcome.Refused);
        result.Why.ShouldContain("127.0.0.1:1");
        await Should.ThrowAsync<StoreUnavailableException>(async () => await store.ReadAsync(["/"], Stop));
        (await store.GrantLeaseAsync(TimeSpan.FromSeconds(2), Stop)).Outcome.ShouldBe(WriteOutcome.Refused);
    }

    [Fact]
    public async Task A_write_goes_on_to_the_next_member_when_it_was_never_sent()
    {
        using var store = Connecting.To("127.0.0.1:1", etcd.One.Endpoints[0]);

        var result = await store.CommitAsync(new Transaction([], [new Operation.Put("/next", "1")]), Stop);

        result.Outcome.ShouldBe(WriteOutcome.Written);
    }
}
