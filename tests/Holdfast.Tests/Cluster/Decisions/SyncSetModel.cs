using System.Collections.Immutable;
using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Holdfast.Doubles;
using Shouldly;

namespace Holdfast.Tests.Cluster.Decisions;

/// <summary>
/// A primary n0, its standbys, and PostgreSQL's synchronous commit as its sources have it: every walsender goes by the
/// names that it read last, and releases commits by the flush positions of all walsenders that count themselves in; the
/// checkpointer tells backends whether they must wait at all. The decisions under test see what a real agent would:
/// late views of the key, writes with unknown outcome, a memory that a restart loses.
/// </summary>
sealed class SyncSetModel(int seed)
{
    readonly Random _random = new(seed);
    readonly SortedDictionary<NodeName, Sender> _senders = [];
    readonly Dictionary<NodeName, ulong> _flushed = [];
    readonly List<(SyncKey Key, long Revision)> _underWay = [];
    readonly List<string> _trace = [];
    ClusterView _view = Clusters.Of("n0", "n1", "n2", "n3", "n4").LedBy("n0");
    SyncProgress _progress = new();
    SyncView _key = new(new NodeName("n0"), [], 0, 1);
    ulong _written = 1, _acknowledged, _writtenAtChange;
    bool _backendsWait;
    int _lastPid;

    sealed class Sender
    {
        public required int Pid { get; init; }
        public required SyncNames Names { get; set; }
        public bool Sleeps { get; set; }
    }

    public ImmutableArray<NodeName> Standbys { get; } = Clusters.Names("n1", "n2", "n3", "n4");
    public DynamicSettings Settings { get; set; } = Clusters.Quorum;
    public SyncView Key => _key;
    public SyncNames Names { get; private set; } = SyncNames.Nobody;

    /// <summary>False: the mode stays what it is.</summary>
    public bool ChangesMode { get; init; }

    public void Everybody()
    {
        foreach (var node in Standbys)
            Connect(node);
    }

    public void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            Chance();
            Check(i);
        }
    }

    /// <summary>Everybody may be synchronous, and the operator wants just this.</summary>
    public void Agree(DynamicSettings settings)
    {
        Settings = settings;
        _view = _view with
        {
            Members = [.. _view.Members.Select(member => member with { NoSync = false, SyncPriority = 1 })],
        };
    }

    /// <summary>Nothing fails any more, everybody reads and answers at once: a set that settles, settles now.</summary>
    public void Settle(int turns)
    {
        for (var i = 0; i < turns; i++)
        {
            _written++;
            ReadByAll();
            foreach (var node in _senders.Keys)
                _flushed[node] = _written;
            _view = _view with { Sync = _key };
            Turn(isLost: false);
            Check(i);
        }
    }

    void Chance()
    {
        var node = Standbys[_random.Next(Standbys.Length)];
        switch (_random.Next(20))
        {
            case 0: Toggle(node); break;
            case 1 or 2: _written++; break;
            case 3 or 4: Receive(node); break;
            case 5 or 6: Release(node); break;
            case 7: Read(node); break;
            case 8: _backendsWait = Names.Count > 0; break;
            case 9 when _random.Next(10) == 0: Operate(); break;
            case 10 when _random.Next(10) == 0: _progress = new SyncProgress(); Trace("agent restarted"); break;
            case 11 when _random.Next(30) == 0: RestartInPlace(); break;
            case 12 when _underWay.Count > 0: Arrive(); break;
            case 13 or 14: _view = _view with { Sync = _key }; break;
            default: Turn(isLost: _random.Next(8) == 0); break;
        }
        if (!_backendsWait)
            _acknowledged = _written;
    }

    void Toggle(NodeName node)
    {
        if (!_senders.Remove(node))
            Connect(node);
        Trace($"{node} {(_senders.ContainsKey(node) ? "connects" : "goes")}");
    }

    void Connect(NodeName node) => _senders[node] = new Sender { Pid = ++_lastPid, Names = Names };

    // What was written after the change is sent, and so answered, in a round after the one that read the names.
    void Receive(NodeName node)
    {
        if (!_senders.TryGetValue(node, out var sender))
            return;
        _flushed[node] = Math.Max(Flushed(node), _random.Next(3) == 0 ? _written - 1 : _written);
        if (Flushed(node) > _writtenAtChange)
            sender.Names = Names;
    }

    void Read(NodeName node)
    {
        if (_senders.TryGetValue(node, out var sender))
            sender.Names = Names;
    }

    void ReadByAll()
    {
        foreach (var sender in _senders.Values)
            (sender.Names, sender.Sleeps) = (Names, true);
        _backendsWait = Names.Count > 0;
    }

    // SyncRepReleaseWaiters in the walsender of this node, which may go by former names.
    void Release(NodeName node)
    {
        if (!_senders.TryGetValue(node, out var releasing) || !releasing.Names.Standbys.Contains(node))
            return;
        var names = releasing.Names;
        var positions = CountedBy(names).Where(_senders.ContainsKey).Select(Flushed).OrderDescending().ToList();
        if (positions.Count >= names.Count)
            _acknowledged = Math.Max(_acknowledged, positions[names.Count - 1]);
    }

    // "Any" counts every walsender that counts itself in. A list is a list: that a new member is taken for a former one
    // within the microseconds of a late walsender is PostgreSQL's, and Patroni's order has it too.
    IEnumerable<NodeName> CountedBy(SyncNames names) => names.Listed
        ? names.Standbys
        : _senders.Where(sender => sender.Value.Names.Standbys.Contains(sender.Key)).Select(sender => sender.Key);

    ulong Flushed(NodeName node) => _flushed.GetValueOrDefault(node);

    void Operate()
    {
        Settings = Settings with
        {
            SynchronousMode = ChangesMode ? (SynchronousMode)_random.Next(3) : Settings.SynchronousMode,
            SynchronousNodeCount = _random.Next(1, 4),
            SynchronousModeStrict = _random.Next(4) == 0,
        };
        _view = _view with
        {
            Members =
            [
                .. _view.Members.Select(member => member with
                {
                    NoSync = _random.Next(6) == 0, SyncPriority = _random.Next(1, 3),
                }),
            ],
        };
        Trace($"{Settings.SynchronousMode}, {Settings.SynchronousNodeCount}");
    }

    void RestartInPlace()
    {
        if (_view.Sync?.ModRevision != _key.ModRevision)
            return;
        var stopped = Clusters.Self("n0", PostgresState.Stopped).Leading();
        var start = Ha.Decide(_view, stopped, Settings).ShouldBeOfType<HaDecision.StartPrimary>();
        _senders.Clear();
        _underWay.Clear();
        Names = start.Names;
        (_backendsWait, _writtenAtChange, _progress) = (Names.Count > 0, _written, new SyncProgress());
        Trace($"restarted with {Names.Text}");
    }

    void Arrive()
    {
        var (key, revision) = _underWay[0];
        _underWay.RemoveAt(0);
        Write(key, revision);
    }

    bool Write(SyncKey key, long revision)
    {
        if (_key.ModRevision != revision)
            return false;
        _key = new SyncView(key.Leader, key.Standbys, key.Quorum, _key.ModRevision + 1);
        Trace($"key {key.Quorum} of {string.Join(',', key.Standbys)}");
        return true;
    }

    void Turn(bool isLost)
    {
        foreach (var sender in _senders.Values)
        {
            sender.Sleeps = _random.Next(3) == 0;
            if (sender.Sleeps)
                sender.Names = Names; // Before anything else that it does.
        }
        var look = Look();
        _progress = _progress.Seen(look);
        var self = Clusters.Self("n0", PostgresState.Primary).Leading() with
        {
            Postgres = look,
            Sync = _progress,
            Alone = _random.Next(2) == 0 ? Settings.Ttl : null,
        };
        var decision = Ha.Decide(_view with { Settings = Settings }, self, Settings);
        Act(decision.ShouldBeOfType<HaDecision.Lead>().Sync, isLost);
    }

    PostgresView Look() => Clusters.Self("n0", PostgresState.Primary).Postgres with
    {
        Written = new Lsn(_written),
        SynchronousStandbyNames = Names.Text,
        CheckpointerListens = _backendsWait == Names.Count > 0,
        WalSenders =
        [
            .. _senders.Select(sender => new WalSenderView
            {
                Name = sender.Key,
                Pid = sender.Value.Pid,
                State = "streaming",
                SyncState = "",
                Slot = sender.Key.SlotName,
                Flushed = new Lsn(Flushed(sender.Key)),
                Sleeps = sender.Value.Sleeps,
            }),
        ],
    };

    void Act(SyncStep step, bool isLost)
    {
        switch (step)
        {
            case SyncStep.WriteKey d when isLost:
                _underWay.Add((d.Key, d.Revision));
                _progress = _progress with { KeyUnsure = true };
                break;
            case SyncStep.WriteKey d when Write(d.Key, d.Revision):
                _progress = _progress with { KeyUnsure = false, KeyRevision = _key.ModRevision };
                break;
            case SyncStep.SetNames d:
                (Names, _writtenAtChange) = (d.Names, _written);
                Trace($"names {d.Names.Text}");
                break;
            case SyncStep.EndWalSender d:
                _senders.Remove(d.Member);
                break;
        }
    }

    void Trace(string what) => _trace.Add(what);

    /// <summary>Every set that could elect has everything acknowledged so far, and meets every set that could
    /// acknowledge the next commit.</summary>
    void Check(int step)
    {
        foreach (var electing in Subsets(_key.Standbys, _key.Quorum + 1))
        {
            string Why(string what) => $"seed {seed}, step {step}, {what}: {string.Join(',', electing)} elect, "
                + $"{_acknowledged} acknowledged, key {_key.Quorum} of {string.Join(',', _key.Standbys)}; "
                + string.Join("; ", _trace.TakeLast(12));
            electing.Max(Flushed).ShouldBeGreaterThanOrEqualTo(_acknowledged, Why("a commit is lost"));
            foreach (var acknowledging in Acknowledging())
                acknowledging.Intersect(electing).ShouldNotBeEmpty(Why(string.Join(',', acknowledging)));
        }
    }

    IEnumerable<IEnumerable<NodeName>> Acknowledging()
    {
        if (!_backendsWait)
            yield return [];
        var inForce = _senders.Values.Select(sender => sender.Names).Append(Names).Where(names => names.Count > 0);
        foreach (var names in inForce.Distinct())
        {
            var counted = CountedBy(names).Union(names == Names ? Names.Standbys : []).Where(Standbys.Contains);
            foreach (var set in Subsets([.. counted], names.Count))
                yield return set;
        }
    }

    static IEnumerable<ImmutableArray<NodeName>> Subsets(ImmutableArray<NodeName> of, int size) =>
        Enumerable.Range(0, 1 << of.Length)
            .Where(bits => int.PopCount(bits) == size)
            .Select(bits => of.Where((_, index) => (bits >> index & 1) == 1).ToImmutableArray());
}
