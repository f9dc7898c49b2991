using System.Collections.Immutable;

namespace Holdfast.Store.Etcd;

/// <summary>What a probe found under one prefix: how many keys, and the newest modification among them.</summary>
readonly record struct PrefixState(long Keys, long Newest);

/// <summary>An answer of the store to "how far are you": all of it at one revision.</summary>
sealed record WatchProbe(StoreHeader Header, ImmutableArray<PrefixState> Found, TimeSpan SentAt);

/// <summary>
/// Knows whether a watch has delivered everything that a probe's answer knew of. etcd sends no such sign by itself over
/// the gateway, and its revision also grows by keys that we don't watch.
/// </summary>
sealed class WatchProgress
{
    readonly ImmutableArray<string> _prefixes;
    readonly long[] _keys;
    readonly long[] _delivered;

    /// <param name="prefixes">None begins with another.</param>
    /// <param name="after">The revision after which the watch delivers.</param>
    /// <param name="keys">How many keys each prefix had at that revision.</param>
    public WatchProgress(ImmutableArray<string> prefixes, long after, IEnumerable<long> keys)
    {
        _prefixes = prefixes;
        _keys = [.. keys];
        _delivered = new long[prefixes.Length];
        Array.Fill(_delivered, after);
    }

    public void Deliver(Change change)
    {
        for (var i = 0; i < _prefixes.Length; i++)
        {
            if (!change.Key.StartsWith(_prefixes[i], StringComparison.Ordinal))
                continue;
            _delivered[i] = Math.Max(_delivered[i], change.Revision);
            if (change.Now is null)
                _keys[i]--;
            else if (change.Now.CreateRevision == change.Now.ModRevision)
                _keys[i]++;
        }
    }

    /// <summary>True when everything was delivered that had happened by the probe's revision.</summary>
    public bool Covers(WatchProbe probe)
    {
        for (var i = 0; i < _prefixes.Length; i++)
        {
            // Changes come in order, so a later one proves all before it. Otherwise: no key there is newer than what
            // was delivered, so each is one that we know; and if as many are there as we know, none was deleted.
            var found = probe.Found[i];
            if (_delivered[i] <= probe.Header.Revision && (found.Newest > _delivered[i] || found.Keys != _keys[i]))
                return false;
        }
        return true;
    }
}
