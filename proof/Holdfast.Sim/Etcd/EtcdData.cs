using System.Diagnostics;
using Holdfast.Store;

namespace Holdfast.Sim.Etcd;

/// <summary>What the members agree on: keys, leases, and every change, in order.</summary>
internal sealed class EtcdData
{
    readonly SortedDictionary<string, KeyValue> _pairs = new(StringComparer.Ordinal);

    public long Revision { get; private set; } = 1;
    public ulong StoreId { get; set; } = 1;

    /// <summary>Time to live by id, in whole seconds.</summary>
    public SortedDictionary<long, long> Leases { get; } = [];
    public List<Change> History { get; } = [];
    public long LastLease { get; set; } = 1000;
    public IEnumerable<KeyValue> Pairs => _pairs.Values;

    public KeyValue? Find(string key) => _pairs.GetValueOrDefault(key);

    public EtcdData Copy()
    {
        var copy = new EtcdData { Revision = Revision, StoreId = StoreId, LastLease = LastLease };
        foreach (var (key, pair) in _pairs)
            copy._pairs[key] = pair;
        foreach (var (lease, ttl) in Leases)
            copy.Leases[lease] = ttl;
        copy.History.AddRange(History);
        return copy;
    }

    public bool Holds(Compare compare) => compare.Holds(Find(compare.Key));

    /// <summary>False: a lease that a put names is gone, and nothing is done.</summary>
    public bool TryApply(IReadOnlyList<Operation> operations)
    {
        if (operations.OfType<Operation.Put>().Any(put => put.Lease != 0 && !Leases.ContainsKey(put.Lease)))
            return false;
        var revision = Revision + 1;
        foreach (var operation in operations)
        {
            if (operation is Operation.Put put)
                Put(put, revision);
            else if (operation is Operation.Delete)
                Delete(operation.Key, revision);
        }
        if (History.Count > 0 && History[^1].Revision == revision)
            Revision = revision;
        return true;
    }

    /// <summary>The lease is over, and its keys with it.</summary>
    public void End(long lease)
    {
        if (!Leases.Remove(lease))
            return;
        var revision = Revision + 1;
        foreach (var key in _pairs.Values.Where(pair => pair.Lease == lease).Select(pair => pair.Key).ToList())
            Delete(key, revision);
        if (History.Count > 0 && History[^1].Revision == revision)
            Revision = revision;
    }

    void Put(Operation.Put put, long revision)
    {
        var created = Find(put.Key)?.CreateRevision ?? revision;
        var pair = new KeyValue(put.Key, put.Text, created, revision, put.Lease);
        _pairs[put.Key] = pair;
        History.Add(new Change(put.Key, pair, revision));
    }

    void Delete(string key, long revision)
    {
        if (_pairs.Remove(key))
            History.Add(new Change(key, Now: null, revision));
    }
}
