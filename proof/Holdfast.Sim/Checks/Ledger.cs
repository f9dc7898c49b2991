using Holdfast.Agent.Act;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Etcd;
using Holdfast.Sim.Servers;
using Holdfast.Sim.World;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.Sim.Checks;

/// <summary>A promise that was broken: which, when and how.</summary>
internal sealed record BrokenPromise(string Promise, TimeSpan At, string What);

/// <summary>The time during which one server took writes. A later one has a larger number.</summary>
internal sealed record Reign(int Number, NodeName Node, TimeSpan Since);

/// <summary>Knows every commit that was acknowledged, every reign, and holds all of it against the promises.</summary>
internal sealed class Ledger(SimWorld world)
{
    readonly record struct Entry(WalRecord Record, int Reign, TimeSpan At);

    readonly List<Entry> _acknowledged = [];
    readonly Dictionary<NodeName, int> _streamedFrom = [];
    readonly HashSet<NodeName> _announced = [], _intending = [];
    readonly HashSet<long> _open = [];
    readonly Dictionary<NodeName, long> _members = [];
    long _startsRevision, _revision;
    bool _wasRestored;
    string? _systemIdentifier;
    NodeName? _holder;
    long _commits;
    int _reigns;
    int _newestAcknowledging;

    public BrokenPromise? Broken { get; private set; }
    public int Commits => _acknowledged.Count;
    /// <summary>Of the last leader; as long as nobody raised the base of terms.</summary>
    public Term NewestTerm { get; private set; }
    public int Reigns => _reigns;
    public TimeSpan LastAcknowledged => _acknowledged.Count == 0 ? TimeSpan.Zero : _acknowledged[^1].At;

    public long NextCommit() => ++_commits;

    public void Broke(string promise, string what)
    {
        world.Say($"BROKEN: {promise}: {what}");
        Broken ??= new BrokenPromise(promise, world.Now, what);
    }

    /// <summary>Asynchronous mode promises neither durability nor, without clocks and kernel, one writer.</summary>
    bool IsSynchronous => world.Settings.Mode != SynchronousMode.Off;

    public void Acknowledged(WalRecord record, PgServer server, bool isSynchronous)
    {
        var reign = server.Reign!;
        world.Queue.Mix((ulong)record.Commit);
        if (reign.Number < _newestAcknowledging)
        {
            Broke("one writer", $"{reign.Node} of reign {reign.Number} acknowledged commit {record.Commit}"
                + $"{(isSynchronous ? " synchronously" : "")} after reign {_newestAcknowledging} had");
        }
        _newestAcknowledging = Math.Max(_newestAcknowledging, reign.Number);
        _acknowledged.Add(new Entry(record, reign.Number, world.Now));
    }

    public Reign BecamePrimary(PgServer server)
    {
        if (!_intending.Remove(server.Node.Name))
            Broke("every start is on record", $"{server.Node.Name} becomes primary, and no intent of it stood before");
        // An early takeover may come between a crash and the restart in place: what starts then can acknowledge
        // nothing, and goes on with its old reign.
        if (server.StartsAsPrimary && world.Settings.EarlyTakeover && _holder != server.Node.Name)
            return new Reign(_streamedFrom.GetValueOrDefault(server.Node.Name), server.Node.Name, world.Now);
        var reign = new Reign(++_reigns, server.Node.Name, world.Now);
        world.Say($"{reign.Node}: reign {reign.Number} begins");
        if (_holder is { } holder && holder != server.Node.Name)
            Broke("no promotion without the lock", $"{reign.Node} takes writes, and {holder} had the lock last");
        CheckNothingLost(server, "became primary");
        _streamedFrom[reign.Node] = reign.Number;
        return reign;
    }

    public void CheckNothingLost(PgServer primary, string when)
    {
        if (!IsSynchronous)
            return;
        var there = new HashSet<WalRecord>(primary.Data.Wal.Records, ReferenceEqualityComparer.Instance);
        foreach (var entry in _acknowledged)
        {
            if (there.Contains(entry.Record))
                continue;
            Broke("nothing acknowledged is lost", $"commit {entry.Record.Commit} of reign {entry.Reign}, acknowledged"
                + $" at {entry.At.TotalSeconds:0.000} s, is not on {primary.Node.Name} when it {when}");
            return;
        }
    }

    public void Streams(PgServer standby, PgServer source)
    {
        if (!standby.Data.Wal.IsPrefixOf(source.Data.Wal))
        {
            Broke("equal numbers are not equal history",
                $"{standby.Node.Name} streams from {source.Node.Name}, whose history is another");
        }
        if (source.Reign is not { } reign)
            return;
        var newest = _streamedFrom.GetValueOrDefault(standby.Node.Name);
        if (reign.Number < newest)
        {
            Broke("old terms are refused",
                $"{standby.Node.Name} streams from reign {reign.Number} and has known reign {newest}");
        }
        _streamedFrom[standby.Node.Name] = Math.Max(newest, reign.Number);
    }

    /// <summary>A planned stop of a primary begins.</summary>
    public void HandsOver(NodeName node)
    {
        if (!_announced.Contains(node))
            Broke("proxies are told first", $"{node} stops for a switchover, and its key does not say so");
    }

    public void Initialized(PgNode node, string systemIdentifier)
    {
        if (_systemIdentifier is { } former)
            Broke("nothing is destroyed", $"{node.Name} made system {systemIdentifier} beside {former}");
        _systemIdentifier = systemIdentifier;
    }

    /// <summary>After every transaction. What a restored copy says of an older term is nobody's lock.</summary>
    public void SawStore(EtcdData data)
    {
        SawStarts(data.Find("/holdfast/sim/starts"));
        SawOpen(data);
        foreach (var host in world.Hosts)
        {
            if (data.Find($"/service/sim/members/{host.Name}") is { } member
                && member.Value.Contains("\"holdfast_handover\":true", StringComparison.Ordinal))
                _announced.Add(host.Name);
            else
                _announced.Remove(host.Name);
        }
        if (data.Find("/service/sim/leader") is not { } leader)
            return;
        _ = long.TryParse(data.Find("/holdfast/sim/term_base")?.Value, out var raised);
        var term = new Term(raised + leader.ModRevision);
        if (term >= NewestTerm)
            (_holder, NewestTerm) = (new NodeName(leader.Value), term);
    }

    // Whoever writes an intent writes it last. What a restored store tells again lets one more by, and never accuses
    // anybody.
    void SawStarts(KeyValue? key)
    {
        if (key is null || key.ModRevision == _startsRevision)
            return;
        _startsRevision = key.ModRevision;
        if (StartsJson.Read(key.Value) is [.., { IsComplete: false } intent])
            _intending.Add(intent.By);
    }

    // What a member says for the first time of its postmaster; a restored store may have forgotten the rest.
    void SawOpen(EtcdData data)
    {
        _wasRestored |= data.Revision < _revision;
        _revision = data.Revision;
        foreach (var host in world.Hosts)
        {
            if (data.Find($"/service/sim/members/{host.Name}") is not { } key
                || key.ModRevision == _members.GetValueOrDefault(host.Name))
                continue;
            _members[host.Name] = key.ModRevision;
            if (MemberJson.Read(host.Name, key.Value) is { PostmasterStarted: not 0 and var postmaster }
                && _open.Add(postmaster) && !_wasRestored)
                CheckOpen(host, postmaster, data.Find("/holdfast/sim/starts")?.Value);
        }
    }

    void CheckOpen(Host host, long postmaster, string? starts)
    {
        if (!StartsJson.Read(starts).Any(start => start.By == host.Name && start.PostmasterStarted == postmaster))
            Broke("open only when on record", $"{host.Name} lets clients in, and its start is not on record");
        if (host.Postgres.Server is { HasPassedBarrier: false } server && server.Pid == postmaster
            && world.Now - server.Reign?.Since < world.Settings.Ttl + Opening.OverTtl)
            Broke("open only behind a barrier", $"{host.Name} lets clients in, and no commit of its own met the rule");
    }
}
