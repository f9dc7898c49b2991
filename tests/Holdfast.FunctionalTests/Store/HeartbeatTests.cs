using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;
using Holdfast.Store;
using Holdfast.Store.Etcd;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Store;

[Collection(EtcdFixture.Collection)]
public sealed class HeartbeatTests(EtcdFixture etcd)
{
    // Wider than in production (LeaseTimes.RenewLimit): build machines are busy.
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5), s_ttl = TimeSpan.FromSeconds(10);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lease_that_lives_with_a_key_that_is_ours_is_confirmed()
    {
        using var store = etcd.One.Connect();
        using var heartbeat = new Heartbeat(etcd.One.Endpoints);
        var (key, revision, lease) = await TakeAsync(store, "confirmed");

        for (var i = 0; i < 3; i++)
        {
            var before = BootClock.Now;
            var answer = heartbeat.Renew(key, revision, lease, s_limit);

            answer.Outcome.ShouldBe(RenewalOutcome.Confirmed, answer.Why);
            answer.Ttl.ShouldBe(s_ttl);
            answer.SentAt.ShouldBeInRange(before, BootClock.Now);
            answer.RaftTerm.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public async Task A_dead_lease_is_lost()
    {
        using var store = etcd.One.Connect();
        using var heartbeat = new Heartbeat(etcd.One.Endpoints);
        var (key, revision, lease) = await TakeAsync(store, "dead");
        await store.RevokeLeaseAsync(lease, Stop);

        heartbeat.Renew(key, revision, lease, s_limit).Outcome.ShouldBe(RenewalOutcome.Lost);
    }

    [Fact]
    public async Task A_key_that_somebody_put_again_is_lost()
    {
        using var store = etcd.One.Connect();
        using var heartbeat = new Heartbeat(etcd.One.Endpoints);
        var (key, revision, lease) = await TakeAsync(store, "taken");
        await store.CommitAsync(new Transaction([], [new Operation.Put(key, "n1", lease)]), Stop);

        heartbeat.Renew(key, revision, lease, s_limit).Outcome.ShouldBe(RenewalOutcome.Lost);
        heartbeat.Replace(key, "n1", revision, s_ttl, s_limit).Outcome.ShouldBe(RenewalOutcome.Lost);
    }

    [Fact]
    public async Task The_key_moves_to_a_fresh_lease()
    {
        using var store = etcd.One.Connect();
        using var heartbeat = new Heartbeat(etcd.One.Endpoints);
        var (key, revision, lease) = await TakeAsync(store, "moved");

        var moved = heartbeat.Replace(key, "n1", revision, s_ttl, s_limit);

        moved.Outcome.ShouldBe(RenewalOutcome.Confirmed, moved.Why);
        moved.Lease.ShouldNotBe(lease);
        moved.Ttl.ShouldBe(s_ttl);
        var pair = (await store.ReadAsync([key], Stop)).Find(key)!;
        (pair.ModRevision, pair.Lease).ShouldBe((moved.ModRevision, moved.Lease));
        heartbeat.Renew(key, moved.ModRevision, moved.Lease, s_limit).Outcome.ShouldBe(RenewalOutcome.Confirmed);
        heartbeat.Renew(key, revision, lease, s_limit).Outcome.ShouldBe(RenewalOutcome.Lost);
    }

    [Fact]
    public async Task A_frozen_member_is_unknown_within_the_limit_and_the_next_is_asked_then()
    {
        var frozen = (await etcd.Three.LeaderAsync(Stop) + 1) % 3;
        var endpoints = etcd.Three.Endpoints;
        using var store = etcd.Three.Connect(first: (frozen + 1) % 3);
        using var heartbeat = new Heartbeat([.. endpoints[frozen..], .. endpoints[..frozen]]);
        var (key, revision, lease) = await TakeAsync(store, "frozen");
        heartbeat.Renew(key, revision, lease, s_limit).Outcome.ShouldBe(RenewalOutcome.Confirmed);
        etcd.Three.Members[frozen].Freeze();
        try
        {
            var before = BootClock.Now;
            heartbeat.Renew(key, revision, lease, LimitOfProduction).Outcome.ShouldBe(RenewalOutcome.Unknown);
            (BootClock.Now - before).ShouldBeLessThan(LimitOfProduction * 2.5);
            var next = heartbeat.Renew(key, revision, lease, s_limit);
            next.Outcome.ShouldBe(RenewalOutcome.Confirmed, next.Why);
        }
        finally
        {
            etcd.Three.Members[frozen].Thaw();
            await etcd.Three.ReadyAsync(etcd.Three.Members[frozen], Stop);
        }
    }

    [Fact]
    public async Task A_new_leader_of_etcd_shows_in_raft_term()
    {
        var leader = await etcd.Three.LeaderAsync(Stop);
        var endpoints = etcd.Three.Endpoints;
        using var store = etcd.Three.Connect(first: (leader + 1) % 3);
        using var heartbeat = new Heartbeat([.. endpoints[(leader + 1)..], .. endpoints[..(leader + 1)]]);
        var (key, revision, lease) = await TakeAsync(store, "raft term");
        var former = heartbeat.Renew(key, revision, lease, s_limit);
        former.Outcome.ShouldBe(RenewalOutcome.Confirmed, former.Why);
        await etcd.Three.Members[leader].KillAsync();
        try
        {
            RenewalAnswer next;
            do
            {
                Stop.ThrowIfCancellationRequested();
                next = heartbeat.Renew(key, revision, lease, s_limit);
                next.Outcome.ShouldNotBe(RenewalOutcome.Lost, next.Why);
            }
            while (next.Outcome != RenewalOutcome.Confirmed);
            next.RaftTerm.ShouldBeGreaterThan(former.RaftTerm);
        }
        finally
        {
            await etcd.Three.Members[leader].StartAsync();
            await etcd.Three.ReadyAsync(etcd.Three.Members[leader], Stop);
        }
    }

    [Fact]
    public async Task It_needs_no_thread_of_the_pool()
    {
        using var store = etcd.One.Connect();
        using var heartbeat = new Heartbeat(etcd.One.Endpoints);
        var (key, revision, lease) = await TakeAsync(store, "pool");
        using var release = new ManualResetEventSlim();
        var answer = default(RenewalAnswer);
        var thread = new Thread(() => answer = heartbeat.Renew(key, revision, lease, s_limit));

        // More than the pool has threads; it adds one only every half second.
        using var ended = new CountdownEvent(4 * Environment.ProcessorCount);
        for (var i = 0; i < ended.InitialCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    release.Wait();
                    ended.Signal();
                },
                state: null);
        }
        thread.Start();
        var isDone = thread.Join(s_limit * 2);
        release.Set();
        ended.Wait(Stop);
        isDone.ShouldBeTrue();

        answer.Outcome.ShouldBe(RenewalOutcome.Confirmed, answer.Why);
    }

    [Fact]
    public void Where_nobody_listens_the_answer_is_unknown()
    {
        using var heartbeat = new Heartbeat(["127.0.0.1:1"]);

        var answer = heartbeat.Renew("/a", 1, 1, s_limit);

        answer.Outcome.ShouldBe(RenewalOutcome.Unknown);
        answer.Why.ShouldContain("127.0.0.1:1");
    }

    static TimeSpan LimitOfProduction => LeaseTimes.RenewLimit;

    static async Task<(string Key, long Revision, long Lease)> TakeAsync(EtcdStore store, string name)
    {
        var key = $"/heartbeat/{name}";
        var grant = await store.GrantLeaseAsync(s_ttl, Stop);
        var taken = await store.CommitAsync(
            new Transaction([new Compare.Missing(key)], [new Operation.Put(key, "n1", grant.Lease)]), Stop);
        taken.Outcome.ShouldBe(WriteOutcome.Written, taken.Why);
        return (key, taken.Header.Revision, grant.Lease);
    }
}
