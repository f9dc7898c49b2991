namespace Holdfast.Sim.Etcd;

/// <summary>One member, on the host of the same number.</summary>
internal sealed class EtcdMember(int index)
{
    public int Index { get; } = index;

    /// <summary>Killed on a host that runs.</summary>
    public bool IsKilled { get; set; }

    /// <summary>SIGSTOP, or a pause: it answers nobody.</summary>
    public int Pauses { get; set; }

    /// <summary>Its disk takes no write: raft stands still, and whoever asks it for what is in memory is answered.
    /// </summary>
    public int DiskFreezes { get; set; }

    /// <summary>What it takes for the present raft term and leader; -1: none.</summary>
    public long RaftTerm { get; set; } = 2;
    public int KnownLeader { get; set; } = -1;

    /// <summary>The revision up to which it has applied, and told its watches.</summary>
    public long Applied { get; set; } = 1;

    /// <summary>It believes to lead, and keeps the leases' ends in its memory.</summary>
    public bool IsPrimaryLessor { get; set; }
    public SortedDictionary<long, TimeSpan> LeaseEnds { get; } = [];
    public List<EtcdWatcher> Watchers { get; } = [];
}
