using Holdfast.Sim.World;
using Holdfast.Store;

namespace Holdfast.Sim.Etcd;

/// <summary>What members answer to clients. A request that a member can't settle now waits there, and may come true
/// after the client has given up.</summary>
internal sealed partial class EtcdCluster
{
    static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(40);

    /// <summary>Does <paramref name="work"/> once the member can propose; gives up after a while.</summary>
    void WhenAble(int index, TimeSpan until, Action work, Action giveUp)
    {
        var member = _members[index];
        if (!IsUp(member))
            return;
        if (CanPropose(member))
        {
            work();
            return;
        }
        if (_world.Now >= until)
            giveUp();
        else
            _world.Nature.After(s_again, () => WhenAble(index, until, work, giveUp));
    }

    /// <summary>Through raft: a moment for the quorum, and then it holds for all.</summary>
    public void Propose<T>(int index, Func<T> apply, Action<Answer<T>> answer)
    {
        var until = _world.Now + _world.Rng.Between(300, 4000);
        WhenAble(index, until, () => _world.Nature.After(_world.Rng.Mostly(0.4, 2, 0.01, 60), () =>
            WhenAble(index, until, () =>
            {
                var value = apply();
                Committed();
                CatchUp(_members[index]);
                answer(new Answer<T>(AnswerKind.Answered, value));
            }, () => Fail(answer))), () => Fail(answer));
    }

    void Fail<T>(Action<Answer<T>> answer) => answer(new Answer<T>(AnswerKind.Failed, default));

    /// <summary>A linearizable read: the leader confirms that it leads, and the member has applied all.</summary>
    public void ReadIndex<T>(int index, Func<T> read, Action<Answer<T>> answer)
    {
        var until = _world.Now + _world.Rng.Between(300, 2000);
        WhenAble(index, until, () => _world.Nature.After(_world.Rng.Mostly(0.2, 0.8, 0.01, 30), () =>
            WhenAble(index, until, () =>
            {
                CatchUp(_members[index]);
                answer(new Answer<T>(AnswerKind.Answered, read()));
            }, () => Fail(answer))), () => Fail(answer));
    }

    public CommitResult Commit(int index, Transaction transaction)
    {
        var done = transaction.If.All(Data.Holds);
        var applied = done && Data.TryApply(transaction.Then);
        var header = Header(_members[index]) with { Revision = Data.Revision };
        if (applied && transaction.Then.Length > 0)
            _world.Say($"etcd: {string.Join(", ", transaction.Then.Select(Text))} at {Data.Revision}");
        return applied
            ? new CommitResult(WriteOutcome.Written, header, "")
            : new CommitResult(WriteOutcome.Refused, header, done ? "lease not found" : "a comparison failed");
    }

    static string Text(Operation operation) => operation switch
    {
        Operation.Put p => $"{p.Key} = {p.Text}{(p.Lease != 0 ? $" on {p.Lease}" : "")}",
        _ => $"{operation.Key} deleted",
    };

    public LeaseGrant Grant(long seconds)
    {
        var lease = ++Data.LastLease;
        Data.Leases[lease] = seconds;
        _members[_leader].LeaseEnds[lease] = _world.Now + TimeSpan.FromSeconds(seconds);
        return new LeaseGrant(WriteOutcome.Written, lease, TimeSpan.FromSeconds(seconds), "");
    }

    public WriteOutcome EndLease(long lease)
    {
        if (!Data.Leases.ContainsKey(lease))
            return WriteOutcome.Refused;
        Data.End(lease);
        _members[_leader].LeaseEnds.Remove(lease);
        return WriteOutcome.Written;
    }

    /// <summary>Asks the lessor that the member believes in, from its memory and without a quorum: also a stale one.
    /// </summary>
    public void AskLessor(int index, long lease, bool renews, Action<Answer<LeaseAnswer>> answer)
    {
        var member = _members[index];
        if (member.Pauses > 0)
        {
            _world.Nature.After(s_again, () => AskLessor(index, lease, renews, answer));
            return;
        }
        if (!IsUp(member))
            return;
        if (member.IsPrimaryLessor)
            Answer(member, member);
        else if (member.KnownLeader is >= 0 and var known && known != index && Together(index, known)
            && IsUp(_members[known]) && _members[known] is { Pauses: 0, IsPrimaryLessor: true } lessor)
            _world.Nature.After(2 * _world.Net.Latency(index, known), () => Answer(member, lessor));
        else
            _world.Nature.After(_world.Rng.Between(50, 1000), () => Fail(answer));

        void Answer(EtcdMember asked, EtcdMember lessor)
        {
            var left = lessor.LeaseEnds.TryGetValue(lease, out var end) ? end - _world.Now : (TimeSpan?)null;
            var ttl = Data.Leases.GetValueOrDefault(lease, (long)_world.Settings.Ttl.TotalSeconds);
            if (renews && left is not null)
                lessor.LeaseEnds[lease] = _world.Now + TimeSpan.FromSeconds(ttl);
            // Whole seconds, rounded down (etcd 3.4, LeaseTimeToLive); -1 or nothing: gone.
            var seconds = left is null ? -1 : renews ? ttl : (long)Math.Floor(Math.Max(0, left.Value.TotalSeconds));
            answer(new Answer<LeaseAnswer>(AnswerKind.Answered, new LeaseAnswer(seconds, asked.RaftTerm)));
        }
    }

    public bool IsPaused(int index) => _members[index].Pauses > 0;

    /// <summary>Every member gets this content; watches break, and nothing of the former time is remembered.</summary>
    public void Restore(EtcdData copy)
    {
        // A real etcd makes its ids of the time and the member: none comes twice.
        copy.LastLease = Data.LastLease;
        Data = copy;
        foreach (var member in _members)
        {
            member.Applied = copy.Revision;
            foreach (var watcher in member.Watchers)
                watcher.Break();
            member.Watchers.Clear();
            member.LeaseEnds.Clear();
            member.IsPrimaryLessor = false;
        }
        _world.Say($"etcd: restored at revision {copy.Revision}");
        _leader = -1;
        var able = _members.Where(HasQuorum).Select(member => member.Index).ToList();
        if (able.Count > 0)
            Elect(able[0]);
    }

    /// <summary>Its process is gone, and with it what was only in memory.</summary>
    public void MemberVanished(int index)
    {
        if (index >= _members.Length)
            return;
        var member = _members[index];
        foreach (var watcher in member.Watchers)
            watcher.Break();
        member.Watchers.Clear();
        member.LeaseEnds.Clear();
        (member.IsPrimaryLessor, member.KnownLeader) = (false, -1);
        if (_leader == index)
            _leader = -1;
    }

    /// <summary>By hand, past every client.</summary>
    public bool TryByHand(params Operation[] operations)
    {
        if (!Leads || !Data.TryApply(operations))
            return false;
        _world.Say($"by hand: {string.Join(", ", operations.Select(Text))}");
        Committed();
        return true;
    }
}

/// <param name="Ttl">Seconds; -1: the lease is gone.</param>
/// <param name="RaftTerm">Of the member that was asked.</param>
internal readonly record struct LeaseAnswer(long Ttl, long RaftTerm);
