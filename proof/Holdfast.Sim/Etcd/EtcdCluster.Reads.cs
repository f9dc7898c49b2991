using System.Collections.Immutable;
using Holdfast.Sim.Checks;
using Holdfast.Store;
using Holdfast.Store.Etcd;

namespace Holdfast.Sim.Etcd;

internal sealed partial class EtcdCluster
{
    /// <summary>What the member has applied: after a read index that is everything.</summary>
    public Snapshot SnapshotAt(int member, ImmutableArray<string> prefixes)
    {
        var header = Header(_members[member]);
        if (header.Revision == Data.Revision)
            return new Snapshot(header, [.. Data.Pairs.Where(pair => Matches(pair.Key, prefixes)).Select(Read)]);
        // A member that is behind: its past, from the history.
        var pairs = new SortedDictionary<string, KeyValue>(StringComparer.Ordinal);
        foreach (var change in Data.History.TakeWhile(change => change.Revision <= header.Revision))
        {
            if (change.Now is { } now && Matches(change.Key, prefixes))
                pairs[change.Key] = Read(now);
            else
                pairs.Remove(change.Key);
        }
        return new Snapshot(header, [.. pairs.Values]);
    }

    /// <summary>As a client gets it.</summary>
    public KeyValue Read(KeyValue pair) => _world.Mutation == Mutation.None ? pair : _world.Mutation.Alter(pair);

    public WatchProbe Probe(int member, ImmutableArray<string> prefixes, TimeSpan sentAt) =>
        new(Header(_members[member]), [.. prefixes.Select(State)], sentAt);

    PrefixState State(string prefix)
    {
        var (keys, newest) = (0L, 0L);
        foreach (var pair in Data.Pairs)
        {
            if (!pair.Key.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            keys++;
            newest = Math.Max(newest, pair.ModRevision);
        }
        return new PrefixState(keys, newest);
    }

    public (EtcdWatcher Watcher, long[] Counts) Watch(
        EtcdLine line, int member, ImmutableArray<string> prefixes, long fromRevision)
    {
        var watcher = new EtcdWatcher(line, member, prefixes, fromRevision);
        _members[member].Watchers.Add(watcher);
        watcher.Pump(_members[member].Applied);
        return (watcher, [.. prefixes.Select(prefix => CountAt(prefix, fromRevision - 1))]);
    }

    long CountAt(string prefix, long revision)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var change in Data.History)
        {
            if (change.Revision > revision)
                break;
            if (!change.Key.StartsWith(prefix, StringComparison.Ordinal))
                continue;
            if (change.Now is null)
                keys.Remove(change.Key);
            else
                keys.Add(change.Key);
        }
        return keys.Count;
    }

    static bool Matches(string key, ImmutableArray<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
