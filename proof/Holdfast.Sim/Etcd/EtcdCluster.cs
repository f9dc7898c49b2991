using Holdfast.Cluster.Model;
using Holdfast.Sim.World;
using Holdfast.Store;

namespace Holdfast.Sim.Etcd;

/// <summary>
/// etcd as its clients see it: one history that a quorum agrees on, a leader that keeps the leases in its memory, stale
/// leaders that still answer keep-alives (etcd issue 15247) and revoke late (issue 12528), members that fall behind.
/// </summary>
internal sealed partial class EtcdCluster
{
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan s_lessorEvery = TimeSpan.FromMilliseconds(500);

    readonly SimWorld _world;
    readonly EtcdMember[] _members;
    readonly TimeSpan _electionTimeout;
    int _leader = -1;
    long _raftTerm = 2;
    TimeSpan? _leaderLostAt;
    TimeSpan _electAt;
    TimeSpan _lessorAt;

    public EtcdCluster(SimWorld world)
    {
        _world = world;
        _members = [.. Enumerable.Range(0, WorldSettings.EtcdMembers).Select(index => new EtcdMember(index))];
        _electionTimeout = new LeaseTimes(world.Settings.Ttl).EtcdElection;
    }

    public EtcdData Data { get; private set; } = new();
    public IReadOnlyList<EtcdMember> Members => _members;
    public int Leader => _leader;

    public void Start()
    {
        Elect(_world.Rng.Below(_members.Length));
        Tick();
    }

    bool IsUp(EtcdMember member) => _world.Hosts[member.Index].IsUp && !member.IsKilled;

    /// <summary>Takes part in raft.</summary>
    bool Works(EtcdMember member) => IsUp(member) && member is { Pauses: 0, DiskFreezes: 0 };

    /// <summary>Takes questions of clients.</summary>
    public bool Listens(int member) => IsUp(_members[member]);

    bool Together(int left, int right) => _world.Net.LinkedBothWays(left, right, Traffic.Etcd);

    bool HasQuorum(EtcdMember member) => Works(member)
        && _members.Count(other => Works(other) && Together(member.Index, other.Index)) > _members.Length / 2;

    bool Leads => _leader >= 0 && HasQuorum(_members[_leader]);

    /// <summary>The member takes part in the present term, and what it proposes is committed.</summary>
    bool CanPropose(EtcdMember member) => Works(member) && Leads && member.RaftTerm == _raftTerm
        && Together(member.Index, _leader);

    void Tick()
    {
        if (Leads)
        {
            _leaderLostAt = null;
            Replicate();
            EndLeases();
        }
        else
        {
            SeekLeader();
        }
        Depose();
        PumpWatches();
        _world.Nature.After(s_tick, Tick);
    }

    void SeekLeader()
    {
        if (_leaderLostAt is null)
        {
            _leaderLostAt = _world.Now;
            _electAt = _world.Now + _electionTimeout * (1 + _world.Rng.Below(1000) / 1000.0);
        }
        if (_world.Now < _electAt)
            return;
        foreach (var member in _members)
        {
            if (member.Index != _leader && _world.Now - _leaderLostAt > _electionTimeout)
                member.KnownLeader = -1;
        }
        var able = _members.Where(HasQuorum).Select(member => member.Index).ToList();
        if (able.Count > 0)
            Elect(_world.Rng.Pick(able));
    }

    void Elect(int leader)
    {
        var member = _members[leader];
        (_leader, _leaderLostAt) = (leader, null);
        _raftTerm++;
        // A new leader renews every lease in full (etcd, lessor.Promote).
        member.IsPrimaryLessor = true;
        member.LeaseEnds.Clear();
        foreach (var (lease, ttl) in Data.Leases)
            member.LeaseEnds[lease] = _world.Now + TimeSpan.FromSeconds(ttl);
        _world.Say($"etcd: member {leader} leads in raft term {_raftTerm}");
        Replicate();
    }

    void Replicate()
    {
        foreach (var member in _members)
        {
            if (!Works(member) || !Together(member.Index, _leader))
                continue;
            (member.RaftTerm, member.KnownLeader) = (_raftTerm, _leader);
            CatchUp(member);
        }
    }

    /// <summary>A former leader that works again, or lost its quorum for an election timeout, steps down.</summary>
    void Depose()
    {
        foreach (var member in _members)
        {
            if (!member.IsPrimaryLessor || member.Index == _leader || !Works(member))
                continue;
            member.IsPrimaryLessor = false;
            // What it found expired before it knew is still sent off, and the new leader obeys (issue 12528).
            foreach (var (lease, end) in member.LeaseEnds.ToArray())
            {
                if (end < _world.Now && Leads && Together(member.Index, _leader) && _world.Rng.Chance(0.5))
                    Revoke(lease, "by a stale leader");
            }
            member.LeaseEnds.Clear();
        }
        if (_leader >= 0 && _leaderLostAt is { } lost && _world.Now - lost > _electionTimeout
            && Works(_members[_leader]))
        {
            _members[_leader].IsPrimaryLessor = false;
            _members[_leader].KnownLeader = -1;
            _leader = -1;
        }
    }

    void EndLeases()
    {
        if (_world.Now < _lessorAt)
            return;
        _lessorAt = _world.Now + s_lessorEvery;
        var leader = _members[_leader];
        foreach (var lease in leader.LeaseEnds.Where(end => end.Value <= _world.Now).Select(end => end.Key).ToList())
            Revoke(lease, "expired");
    }

    void Revoke(long lease, string why)
    {
        if (!Data.Leases.ContainsKey(lease))
            return;
        _world.Say($"etcd: lease {lease} ends, {why}");
        Data.End(lease);
        _members[_leader].LeaseEnds.Remove(lease);
        Committed();
    }

    /// <summary>The leader has applied it; the others do soon.</summary>
    void Committed()
    {
        _world.Ledger.SawStore(Data);
        CatchUp(_members[_leader]);
        foreach (var member in _members)
        {
            if (member.Index == _leader || !Works(member) || !Together(member.Index, _leader))
                continue;
            var revision = Data.Revision;
            _world.Nature.After(_world.Net.Latency(_leader, member.Index), () =>
            {
                if (Works(member) && member.RaftTerm == _raftTerm && member.Applied < revision)
                    CatchUp(member);
            });
        }
    }

    void CatchUp(EtcdMember member)
    {
        if (member.Applied == Data.Revision)
            return;
        member.Applied = Data.Revision;
        foreach (var watcher in member.Watchers)
            watcher.Pump(member.Applied);
    }

    void PumpWatches()
    {
        foreach (var member in _members)
        {
            if (IsUp(member))
                member.Watchers.ForEach(watcher => watcher.Pump(member.Applied));
        }
    }

    public StoreHeader Header(EtcdMember member) =>
        new(Data.StoreId, (ulong)member.Index + 1, member.Applied, member.RaftTerm);
}
