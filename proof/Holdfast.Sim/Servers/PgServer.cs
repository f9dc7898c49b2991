using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;
using Holdfast.Sim.Checks;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Servers;

/// <summary>One life of a postmaster with all of its children.</summary>
internal sealed class PgServer
{
    const ulong CommitBytes = 160, CheckpointBytes = 112;
    const int WaitersMax = 6;
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(100);


    /// <summary>The longest call of a backend.</summary>
    static readonly TimeSpan s_orphanLife = TimeSpan.FromSeconds(8);

    readonly SimWorld _world;
    readonly List<WalRecord> _waiters = [];
    WalStream? _upstream;
    bool _isConnecting;
    Lsn _released;
    bool _waits;

    public PgServer(PgNode node, bool asPrimary)
    {
        (Node, _world) = (node, node.World);
        Pid = _world.NewPid();
        Strand = _world.NewStrand($"postgres {Pid} of {node.Name}", node.Host.Boot);
        (Names, Source, _waits) = (Data.Names, asPrimary ? null : Data.Source, Data.Names.Length > 0);
        (StartedAt, StartsAsPrimary) = (Strand.Now, asPrimary);
        if (!asPrimary)
            (Data.CrashedAsPrimary, Data.WasStopped) = (false, false);
        Strand.After(s_tick, Tick);
    }

    public PgNode Node { get; }
    public int Pid { get; }
    public Strand Strand { get; }
    public TimeSpan StartedAt { get; }
    public bool StartsAsPrimary { get; }
    public PgData Data => Node.Data;
    public PostgresState State { get; private set; } = PostgresState.Starting;
    public bool IsRunning => !Strand.IsDead && !IsOrphaned;
    public bool IsFrozen => Strand.IsFrozen;

    /// <summary>The postmaster is gone, and a backend in a long call goes on.</summary>
    public bool IsOrphaned { get; private set; }
    public bool IsStopping { get; private set; }

    /// <summary>As a new session shows it.</summary>
    public string Names { get; private set; }
    public ServerAddress? Source { get; private set; }
    public List<WalStream> Streams { get; } = [];
    public Reign? Reign { get; private set; }

    /// <summary>A commit of its agent met the rule in force.</summary>
    public bool HasPassedBarrier { get; set; }
    public bool HasWaiters => _waiters.Count > 0;
    public bool IsStreaming => _upstream is { IsBroken: false };
    public bool HasUpstream => _upstream is not null;
    public Lsn? Received { get; private set; }

    /// <summary>The last message of the upstream.</summary>
    public TimeSpan HeardAt { get; private set; }

    public void Ready()
    {
        State = StartsAsPrimary ? PostgresState.Primary : PostgresState.Replica;
        _world.Say($"{Node.Name}: postgres {Pid} is {State} on timeline {Data.Wal.Timeline} at {Data.Wal.End}");
        if (StartsAsPrimary)
            BeginReign(Data.Wal.Timeline);
    }

    public void Promote()
    {
        if (State != PostgresState.Replica)
            return;
        _upstream?.Break();
        Source = null;
        Strand.After(Node.Slowly(_world.Rng.Mostly(60, 200, 0.1, 1500)), () =>
        {
            Data.HasStandbySignal = false;
            State = PostgresState.Primary;
            var timeline = Math.Max(Data.HighestTimeline, Data.Wal.Timeline) + 1;
            Data.HighestTimeline = timeline;
            _world.Say($"{Node.Name}: postgres {Pid} promoted to timeline {timeline} at {Data.Wal.End}");
            BeginReign(timeline);
        });
    }

    void BeginReign(int timeline)
    {
        Reign = _world.Ledger.BecamePrimary(this);
        Data.Wal.Append(0, timeline, CheckpointBytes);
        (Data.CrashedAsPrimary, Data.WasStopped) = (true, false);
        PumpAll();
    }

    // ---- commits ----

    public void Commit(long id)
    {
        if (State != PostgresState.Primary || IsStopping || _waiters.Count >= WaitersMax)
            return;
        Strand.After(_world.Rng.Mostly(0.4, 2, 0.01, 40), () =>
        {
            if (State != PostgresState.Primary || IsStopping)
                return;
            var record = Data.Wal.Append(id, Data.Wal.Timeline, CommitBytes);
            PumpAll();
            if (!_waits || record.End <= _released.Value)
                _world.Ledger.Acknowledged(record, this, _waits);
            else
                _waiters.Add(record);
        });
    }

    /// <summary>A commit of the agent's own.</summary>
    public Lsn EmitBarrier()
    {
        var record = Data.Wal.Append(0, Data.Wal.Timeline, CommitBytes);
        PumpAll();
        return new Lsn(record.End);
    }

    /// <summary>A commit that ends there is acknowledged.</summary>
    public bool IsReleased(Lsn end) => !_waits || end <= _released;

    void PumpAll()
    {
        foreach (var stream in Streams)
            stream.Pump();
    }

    /// <summary>What a walsender does with an answer (PostgreSQL source: SyncRepReleaseWaiters): it goes by the names
    /// that it has read itself, and counts the walsenders that count themselves.</summary>
    public void Replied(WalStream stream)
    {
        if (!stream.IsCounted || stream.Names.Count == 0)
            return;
        var flushed = Streams.Where(other => other.IsCounted && other.IsStreaming).Select(other => other.Flushed)
            .OrderDescending().ToList();
        if (flushed.Count < stream.Names.Count)
            return;
        var released = flushed[stream.Names.Count - 1];
        if (released > _released)
            Release(released, isSynchronous: true);
    }

    void Release(Lsn upTo, bool isSynchronous)
    {
        _released = upTo;
        while (_waiters.Count > 0 && _waiters[0].End <= upTo.Value)
        {
            var record = _waiters[0];
            _waiters.RemoveAt(0);
            _world.Ledger.Acknowledged(record, this, isSynchronous);
        }
    }

    /// <summary>A reload: the postmaster first, then each process when it comes to it.</summary>
    public void ReadNames(string names)
    {
        Names = names;
        foreach (var stream in Streams)
            Strand.After(Node.Slowly(_world.Rng.Mostly(0, 10, 0.1, 400)), () => stream.ReadNames(Names));
        Strand.After(_world.Rng.Mostly(0, 10, 0.05, 100), () =>
        {
            _waits = Names.Length > 0;
            if (!_waits)
                Release(Data.Wal.End, isSynchronous: false);
        });
    }

    // ---- streaming ----

    public void ReadSource(ServerAddress? source)
    {
        Source = source;
        Strand.After(_world.Rng.Mostly(2, 20, 0.05, 200), () =>
        {
            if (_upstream is { } upstream && upstream.Source.Node.Name != Source?.Name)
                upstream.Break();
        });
    }

    public void HasReceived()
    {
        (Received, HeardAt) = (Data.Wal.End, _world.Now);
        PumpAll();
    }

    public void Lost(WalStream stream)
    {
        if (ReferenceEquals(_upstream, stream))
            _upstream = null;
    }

    void Tick()
    {
        foreach (var stream in Streams.ToArray())
            stream.Tick();
        if (State == PostgresState.Replica && _upstream is null && Source is { } source && !_isConnecting)
            Connect(source);
        Strand.After(s_tick, Tick);
    }

    void Connect(ServerAddress address)
    {
        _isConnecting = true;
        var host = Array.Find(_world.Hosts, host => host.Name == address.Name);
        Strand.After(_world.Rng.Between(3, 20), () =>
        {
            _isConnecting = false;
            if (State != PostgresState.Replica || _upstream is not null || Source != address
                || host?.Postgres.Server is not { } source || !source.Takes(this)
                || !_world.Net.LinkedBothWays(Node.Host.Index, host.Index, Traffic.Replication))
                return;
            _upstream = new WalStream(_world, source, this, _world.NewPid());
            source.Streams.Add(_upstream);
            _world.Say($"{Node.Name}: streams from {host.Name} at {Data.Wal.End}");
            _world.Ledger.Streams(this, source);
            (Received, HeardAt) = (Data.Wal.End, _world.Now);
            _upstream.Pump();
        });
    }

    bool Takes(PgServer standby) => IsRunning && !IsFrozen && !IsStopping
        && State is PostgresState.Primary or PostgresState.Replica
        && Data.SystemIdentifier == standby.Data.SystemIdentifier
        && Data.Slots.Contains(standby.Node.Name.SlotName)
        && !Streams.Exists(stream => stream.Standby.Node == standby.Node)
        && standby.Data.Wal.MayStreamFrom(Data.Wal);

    // ---- ends ----

    /// <summary>No new commits, a shutdown checkpoint, and the standbys that are there get it.</summary>
    public void BeginStop()
    {
        if (IsStopping)
            return;
        IsStopping = true;
        _waiters.Clear();
        if (State != PostgresState.Primary)
            return;
        Data.Wal.Append(0, Data.Wal.Timeline, CheckpointBytes);
        PumpAll();
    }

    public bool IsReadyToEnd => Streams.TrueForAll(stream => stream.Flushed >= Data.Wal.End);

    public void EndStopped()
    {
        if (State == PostgresState.Primary)
            (Data.CrashedAsPrimary, Data.WasStopped) = (false, true);
        Kill();
    }

    /// <summary>The postmaster alone is killed: its walsenders end by themselves, a backend in a long call does not.
    /// </summary>
    public void Orphan()
    {
        BreakAll();
        _waiters.Clear();
        IsOrphaned = true;
        Strand.After(s_orphanLife, Strand.Kill);
    }

    public void Kill()
    {
        Strand.Kill();
        BreakAll();
    }

    void BreakAll()
    {
        _upstream?.Break();
        foreach (var stream in Streams.ToArray())
            stream.Break();
    }
}
