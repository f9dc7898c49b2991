using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Doubles.Store;
using Holdfast.Store;
using Holdfast.Store.Memory;
using Holdfast.Supervisor.Decisions;
using Holdfast.Supervisor.Etcd;
using Holdfast.Tests.Lab;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Supervisor;

public sealed class LeaderPlacementLoopTests
{
    const string LeaderKey = "/service/films/leader";

    readonly ManualClock _clock = new();
    readonly MemoryStore _store;
    readonly TwoMembers _etcd = new();
    readonly LeaderPlacementLoop _loop;

    public LeaderPlacementLoopTests()
    {
        _store = new MemoryStore(_clock);
        _loop = new LeaderPlacementLoop(
            ClusterFiles.Three(), new NodeName("n1"), _store, _etcd, _clock, NullLogger.Instance);
    }

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    async Task LedByAsync(string host) =>
        (await _store.CommitAsync(new Transaction([], [new Operation.Put(LeaderKey, host)]), Stop))
            .Outcome.ShouldBe(WriteOutcome.Written);

    async Task TurnAfterAsync(TimeSpan time)
    {
        _clock.Advance(time);
        await _loop.TurnAsync(Stop);
    }

    [Fact]
    public async Task Leadership_beside_the_primary_is_moved_once_that_has_settled()
    {
        await LedByAsync("n1");
        await TurnAfterAsync(TimeSpan.Zero);
        await TurnAfterAsync(LeaderPlacement.Settled - TimeSpan.FromSeconds(1));
        _etcd.MovedTo.ShouldBeNull();
        await TurnAfterAsync(TimeSpan.FromSeconds(1));
        _etcd.MovedTo.ShouldBe(2ul);
    }

    [Fact]
    public async Task Another_primary_in_between_begins_the_wait_anew()
    {
        await LedByAsync("n1");
        await TurnAfterAsync(TimeSpan.Zero);
        await LedByAsync("n2");
        await TurnAfterAsync(LeaderPlacement.Settled);
        await LedByAsync("n1");
        await TurnAfterAsync(TimeSpan.FromSeconds(1));
        await TurnAfterAsync(LeaderPlacement.Settled - TimeSpan.FromSeconds(1));
        _etcd.MovedTo.ShouldBeNull();
    }

    /// <summary>Member 1 is here and leads; member 2 follows it.</summary>
    sealed class TwoMembers : IEtcdMaintenance
    {
        public ulong? MovedTo { get; private set; }

        public ValueTask<EtcdStatus> StatusAsync(string endpoint, CancellationToken stop) => ValueTask.FromResult(
            new EtcdStatus(endpoint.Contains("0.12", StringComparison.Ordinal) ? 2ul : 1ul, 1, 7, 0, "3.4.23"));

        public ValueTask<ImmutableArray<EtcdMember>> MembersAsync(CancellationToken stop) =>
            ValueTask.FromResult<ImmutableArray<EtcdMember>>(
            [
                new(1, "n1", [], ["http://10.77.0.11:2379"]),
                new(2, "n2", [], ["http://10.77.0.12:2379"]),
            ]);

        public ValueTask<WriteOutcome> MoveLeaderAsync(string leaderEndpoint, ulong target, CancellationToken stop)
        {
            MovedTo = target;
            return ValueTask.FromResult(WriteOutcome.Written);
        }

        public ValueTask<WriteOutcome> AddMemberAsync(string peerUrl, CancellationToken stop) =>
            throw new NotSupportedException();

        public ValueTask<WriteOutcome> RemoveMemberAsync(ulong member, CancellationToken stop) =>
            throw new NotSupportedException();

        public ValueTask<WriteOutcome> DefragmentAsync(string endpoint, CancellationToken stop) =>
            throw new NotSupportedException();
    }
}
