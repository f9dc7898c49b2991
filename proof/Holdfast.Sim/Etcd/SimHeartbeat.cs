using Holdfast.Sim.Checks;
using Holdfast.Sim.World;
using Holdfast.Store;

namespace Holdfast.Sim.Etcd;

/// <summary>The lease's own line, as <c>Heartbeat</c>: both questions of a round through one member.</summary>
internal sealed class SimHeartbeat(EtcdLine line, string leaderKey, string name)
{
    EtcdCluster Etcd => line.World.Etcd;
    SimWorld World => line.World;

    TimeSpan Extra => World.Has(Mutation.NoMargin) ? TimeSpan.FromSeconds(0.9) : TimeSpan.Zero;

    public async ValueTask<RenewalAnswer> RenewAsync(long modRevision, long lease, TimeSpan limit)
    {
        var member = line.MemberAt(line.Preferred);
        var sentAt = line.Strand.Now;
        var until = sentAt + limit;
        var alive = await line.AskAtAsync<LeaseAnswer>(member, limit, (at, reply) =>
            Etcd.AskLessor(at, lease, renews: true, reply));
        if (alive.Kind != AnswerKind.Answered)
            return Unknown(sentAt, $"keep-alive: {alive.Kind}");
        if (World.Has(Mutation.DeadlineFromAnswer))
            (sentAt, until) = (line.Strand.Now, line.Strand.Now + limit);
        var (ttl, raftTerm) = (alive.Value.Ttl, World.Has(Mutation.RaftTermIgnored) ? 2 : alive.Value.RaftTerm);
        if (ttl <= 0)
            return Lost(sentAt, raftTerm, "the lease is gone");
        if (World.Has(Mutation.KeepAliveAlone))
            return new(RenewalOutcome.Confirmed, sentAt, TimeSpan.FromSeconds(ttl), raftTerm, "");
        var check = new Transaction(
            [new Compare.ModRevision(leaderKey, modRevision), new Compare.Lease(leaderKey, lease)], []);
        var owns = await line.AskAtAsync<CommitResult>(member, until - line.Strand.Now, (at, reply) =>
            Etcd.ReadIndex(at, () => Etcd.Commit(at, check), reply));
        if (owns.Kind != AnswerKind.Answered)
            return Unknown(sentAt, $"check: {owns.Kind}");
        if (owns.Value.Outcome != WriteOutcome.Written)
            return Lost(sentAt, raftTerm, "the key is no longer ours");
        var checkTerm = World.Has(Mutation.RaftTermIgnored) ? raftTerm : owns.Value.Header.RaftTerm;
        return checkTerm == raftTerm
            ? new(RenewalOutcome.Confirmed, sentAt + Extra, TimeSpan.FromSeconds(ttl), raftTerm, "")
            : Unknown(sentAt, $"raft_term went from {raftTerm} to {checkTerm} meanwhile");
    }

    public async ValueTask<ReplaceAnswer> ReplaceAsync(long modRevision, TimeSpan ttl, TimeSpan limit)
    {
        var member = line.MemberAt(line.Preferred);
        var sentAt = line.Strand.Now;
        var until = sentAt + limit;
        var grant = await line.AskAtAsync<LeaseGrant>(member, limit, (at, reply) =>
            Etcd.Propose(at, () => Etcd.Grant((long)ttl.TotalSeconds), reply));
        if (grant.Kind != AnswerKind.Answered)
            return UnknownReplace(sentAt, 0, $"grant: {grant.Kind}");
        var lease = grant.Value.Lease;
        var put = new Transaction(
            [new Compare.ModRevision(leaderKey, modRevision)], [new Operation.Put(leaderKey, name, lease)]);
        var moved = await line.AskAtAsync<CommitResult>(member, until - line.Strand.Now, (at, reply) =>
            Etcd.Propose(at, () => Etcd.Commit(at, put), reply));
        if (moved.Kind != AnswerKind.Answered)
            return UnknownReplace(sentAt, lease, $"put: {moved.Kind}");
        var header = moved.Value.Header;
        return moved.Value.Outcome == WriteOutcome.Written
            ? new(RenewalOutcome.Confirmed, sentAt, grant.Value.Ttl, lease, header.Revision, header.RaftTerm, "")
            : new(RenewalOutcome.Lost, sentAt, default, lease, 0, header.RaftTerm, "the key is no longer ours");
    }

    // The next lease begins at another member: this one may only be stale.
    RenewalAnswer Lost(TimeSpan sentAt, long raftTerm, string why)
    {
        line.TurnAwayFrom(line.Preferred);
        return new(RenewalOutcome.Lost, sentAt, default, raftTerm, why);
    }

    RenewalAnswer Unknown(TimeSpan sentAt, string why)
    {
        line.TurnAwayFrom(line.Preferred);
        return new(RenewalOutcome.Unknown, sentAt, default, 0, why);
    }

    ReplaceAnswer UnknownReplace(TimeSpan sentAt, long lease, string why)
    {
        line.TurnAwayFrom(line.Preferred);
        return new(RenewalOutcome.Unknown, sentAt, default, lease, 0, 0, why);
    }
}
