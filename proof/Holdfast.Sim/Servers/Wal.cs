using System.Collections.Immutable;
using Holdfast.Cluster.Model;
using Holdfast.Postgres.Instance;

namespace Holdfast.Sim.Servers;

/// <summary>One record of a write-ahead log. Copies of a log share their records, so that equal history is the same
/// object, whatever its number.</summary>
/// <param name="Commit">The client's commit; 0: a checkpoint, or the begin of a timeline.</param>
/// <param name="Timeline">On which it was written.</param>
/// <param name="Start">In bytes.</param>
/// <param name="End">In bytes.</param>
internal sealed record WalRecord(long Commit, int Timeline, ulong Start, ulong End);

/// <summary>The flushed log of one data directory.</summary>
internal sealed class Wal
{
    readonly List<WalRecord> _records = [];

    public int Count => _records.Count;
    public WalRecord this[int index] => _records[index];
    public IReadOnlyList<WalRecord> Records => _records;
    public Lsn End => new(Count == 0 ? 0 : _records[^1].End);
    public int Timeline => Count == 0 ? 1 : _records[^1].Timeline;

    public Wal Copy()
    {
        var copy = new Wal();
        copy._records.AddRange(_records);
        return copy;
    }

    public WalRecord Append(long commit, int timeline, ulong bytes)
    {
        var record = new WalRecord(commit, timeline, End.Value, End.Value + bytes);
        _records.Add(record);
        return record;
    }

    public void Append(WalRecord record) => _records.Add(record);

    /// <summary>By what was written, not by numbers.</summary>
    public bool IsPrefixOf(Wal other) =>
        Count <= other.Count && (Count == 0 || ReferenceEquals(_records[^1], other._records[Count - 1]));

    /// <summary>PostgreSQL's own rule for a standby that wants to begin here: our timeline is in the source's history,
    /// and the source did not leave it before our end. It goes by numbers.</summary>
    public bool MayStreamFrom(Wal source)
    {
        for (var at = source.Count - 1; at >= 0; at--)
        {
            if (source[at].Timeline == Timeline)
                return End.Value <= source[at].End;
        }
        return false;
    }

    /// <summary>A record of that timeline begins at or after the position.</summary>
    public bool GoesOn(int timeline, Lsn after) =>
        _records.Exists(record => record.Timeline == timeline && record.Start >= after.Value);

    public WalRecord? FirstOf(int timeline) => _records.Find(record => record.Timeline == timeline);

    public TimelineHistory History()
    {
        var switches = ImmutableArray.CreateBuilder<TimelineSwitch>();
        for (var at = 1; at < Count; at++)
        {
            if (_records[at].Timeline != _records[at - 1].Timeline)
                switches.Add(new TimelineSwitch(_records[at - 1].Timeline, new Lsn(_records[at - 1].End), "promoted"));
        }
        return new TimelineHistory(Timeline, switches.ToImmutable());
    }
}
