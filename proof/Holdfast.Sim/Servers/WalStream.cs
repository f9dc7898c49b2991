using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Checks;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Servers;

/// <summary>A walsender and its walreceiver. Over TCP: in order, held up while the way is cut, broken after a while.
/// </summary>
internal sealed class WalStream
{
    /// <summary>Keep-alives of the connection (Conninfo).</summary>
    static readonly TimeSpan s_silenceMax = TimeSpan.FromSeconds(5);

    /// <summary>A standby tells where it is also when nothing came.</summary>
    static readonly TimeSpan s_statusEvery = TimeSpan.FromSeconds(1);

    readonly SimWorld _world;
    int _sent;
    TimeSpan _lastArrival;
    TimeSpan? _cutSince;
    TimeSpan _repliedAt;

    public WalStream(SimWorld world, PgServer source, PgServer standby, int pid)
    {
        (_world, Source, Standby, Pid) = (world, source, standby, pid);
        (Names, _sent) = (SyncNames.Parse(source.Names) ?? SyncNames.Nobody, standby.Data.Wal.Count);
        BeganAt = world.Now;
    }

    public PgServer Source { get; }
    public PgServer Standby { get; }
    public int Pid { get; }
    public TimeSpan BeganAt { get; }

    /// <summary>The synchronous names as this walsender has read them: late.</summary>
    public SyncNames Names { get; private set; }
    public NodeName Name => Standby.Node.Name;
    public bool IsCounted => Names.Standbys.Contains(Name);

    /// <summary>As the standby last told.</summary>
    public Lsn Flushed { get; private set; }
    public bool IsStreaming { get; private set; }
    public bool IsBroken { get; private set; }

    /// <summary>Its end is taken for done, whatever became of it.</summary>
    public bool IsTerminated { get; private set; }

    public void ReadNames(string names) => Names = SyncNames.Parse(names) ?? SyncNames.Nobody;

    int From => Source.Node.Host.Index;
    int To => Standby.Node.Host.Index;

    public void Pump()
    {
        if (IsBroken || Source.IsFrozen || !_world.Net.Linked(From, To, Traffic.Replication))
            return;
        var (first, end) = (_sent, Source.Data.Wal.Count);
        if (first == end && IsStreaming)
            return;
        _sent = end;
        var at = _world.Now + _world.Net.Latency(From, To) + _world.Rng.Mostly(0.2, 1.5, 0.01, 80);
        _lastArrival = at > _lastArrival ? at : _lastArrival;
        _world.Queue.Add(Standby.Strand, _lastArrival, _ => Arrive(first, end), null);
    }

    void Arrive(int first, int end)
    {
        if (IsBroken || !_world.Net.Linked(From, To, Traffic.Replication))
            return;
        var (ours, theirs) = (Standby.Data.Wal, Source.Data.Wal);
        if (first > ours.Count)
            return; // Something before it is still on its way: sent again by the tick.
        for (var at = ours.Count; at < end; at++)
            ours.Append(theirs[at]);
        Standby.Data.HighestTimeline = Math.Max(Standby.Data.HighestTimeline, ours.Timeline);
        Standby.HasReceived();
        Reply();
    }

    void Reply()
    {
        _repliedAt = _world.Now;
        if (!_world.Net.Linked(To, From, Traffic.Replication))
            return;
        var flushed = Standby.Data.Wal.End;
        Source.Strand.After(_world.Net.Latency(To, From), () =>
        {
            if (IsBroken)
                return;
            Flushed = flushed > Flushed ? flushed : Flushed;
            IsStreaming |= Flushed >= Source.Data.Wal.End || _world.Now - BeganAt > TimeSpan.FromMilliseconds(200);
            Source.Replied(this);
        });
    }

    /// <summary>From time to time, on the source: what got lost is sent again, a dead connection ends.</summary>
    public void Tick()
    {
        if (_world.Net.LinkedBothWays(From, To, Traffic.Replication) && Standby.IsRunning)
        {
            _cutSince = null;
            if (_world.Now - _repliedAt > s_statusEvery && !Standby.IsFrozen)
                Reply();
            if (Flushed < Source.Data.Wal.End)
            {
                _sent = Math.Min(_sent, Standby.Data.Wal.Count);
                Pump();
            }
            return;
        }
        _cutSince ??= _world.Now;
        if (_world.Now - _cutSince > s_silenceMax)
            Break();
    }

    public void Terminate()
    {
        IsTerminated = true;
        if (!_world.Has(Mutation.WalSenderKept))
            Break();
    }

    /// <summary>Both ends, where they can hear of it.</summary>
    public void Break()
    {
        if (IsBroken)
            return;
        IsBroken = true;
        Source.Streams.Remove(this);
        Standby.Lost(this);
    }
}
