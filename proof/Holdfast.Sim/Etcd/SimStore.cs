using System.Collections.Immutable;
using Holdfast.Sim.Checks;
using Holdfast.Sim.World;
using Holdfast.Store;

namespace Holdfast.Sim.Etcd;

/// <summary>The store as one agent sees it: the contract of <see cref="IStore"/> over simulated members.</summary>
internal sealed class SimStore(EtcdLine line) : IStore
{
    EtcdCluster Etcd => line.World.Etcd;

    public async ValueTask<Snapshot> ReadAsync(ImmutableArray<string> prefixes, CancellationToken stop)
    {
        var answer = await line.AskAsync<Snapshot>(repeatable: true, (member, reply) =>
            Etcd.ReadIndex(member, () => Etcd.SnapshotAt(member, prefixes), reply));
        return answer is { Kind: AnswerKind.Answered, Value: { } snapshot }
            ? snapshot
            : throw new StoreUnavailableException($"no member answered: {answer.Kind}");
    }

    public async ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken stop)
    {
        var sent = line.World.Mutation.Alter(transaction);
        var answer = await line.AskAsync<CommitResult>(repeatable: false, (member, reply) =>
            Etcd.Propose(member, () => Etcd.Commit(member, sent), reply));
        return answer.Kind switch
        {
            AnswerKind.Answered => answer.Value,
            AnswerKind.NotSent => new CommitResult(WriteOutcome.Refused, default, "no member could be reached"),
            _ => new CommitResult(WriteOutcome.Unknown, default, $"{answer.Kind}"),
        };
    }

    public async ValueTask<LeaseGrant> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop)
    {
        var seconds = (long)ttl.TotalSeconds;
        var answer = await line.AskAsync<LeaseGrant>(repeatable: true, (member, reply) =>
            Etcd.Propose(member, () => Etcd.Grant(seconds), reply));
        return answer.Kind == AnswerKind.Answered
            ? answer.Value
            : new LeaseGrant(WriteOutcome.Unknown, 0, default, $"{answer.Kind}");
    }

    public async ValueTask<TimeSpan?> TimeToLiveAsync(long lease, CancellationToken stop)
    {
        var answer = await LessorAsync(lease, renews: false);
        var isGone = answer.Ttl < 0 || (answer.Ttl == 0 && line.World.Has(Mutation.LastSecondIsGone));
        return isGone ? null : TimeSpan.FromSeconds(answer.Ttl);
    }

    public async ValueTask<TimeSpan?> KeepAliveAsync(long lease, CancellationToken stop)
    {
        var answer = await LessorAsync(lease, renews: true);
        return answer.Ttl > 0 ? TimeSpan.FromSeconds(answer.Ttl) : null;
    }

    async ValueTask<LeaseAnswer> LessorAsync(long lease, bool renews)
    {
        var answer = await line.AskAsync<LeaseAnswer>(repeatable: true, (member, reply) =>
            Etcd.AskLessor(member, lease, renews, reply));
        return answer.Kind == AnswerKind.Answered
            ? answer.Value
            : throw new StoreUnavailableException($"no member answered: {answer.Kind}");
    }

    public async ValueTask<WriteOutcome> RevokeLeaseAsync(long lease, CancellationToken stop)
    {
        var answer = await line.AskAsync<WriteOutcome>(repeatable: false, (member, reply) =>
            Etcd.Propose(member, () => Etcd.EndLease(lease), reply));
        return answer.Kind switch
        {
            AnswerKind.Answered => answer.Value,
            AnswerKind.NotSent => WriteOutcome.Refused,
            _ => WriteOutcome.Unknown,
        };
    }

    public IAsyncEnumerable<WatchBatch> WatchAsync(
        ImmutableArray<string> prefixes, long fromRevision, CancellationToken stop) =>
        SimWatch.RunAsync(line, prefixes, fromRevision, stop);
}
