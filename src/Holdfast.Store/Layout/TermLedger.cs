using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Cluster.Model;

namespace Holdfast.Store.Layout;

/// <summary>Whether a view may be believed.</summary>
public enum StoreTrust
{
    /// <summary>It goes on from what was seen before.</summary>
    Trusted,

    /// <summary>Its revision is below one that was seen, here or by a member that says so: restored from an old copy.
    /// Nobody promotes.</summary>
    Restored,

    /// <summary>Another etcd cluster answers, and nobody raised the base of its terms. Nobody promotes.</summary>
    Recreated,
}

/// <summary>
/// What this node has seen of the store, durably: the highest term, how far the store was, which store it was. One
/// owner; not thread-safe. A view that isn't trusted leaves no trace.
/// </summary>
/// <remarks>Revisions are counted from the base of the terms: when a restored store is accepted, somebody raises the
/// base until base + revision is above all that was seen, and so the same comparison trusts it again.</remarks>
public sealed class TermLedger
{
    const string FileName = "term.json";

    // A revision forgotten in a crash only makes the check less sharp, a forgotten term would break it.
    static readonly TimeSpan s_revisionWriteEvery = TimeSpan.FromSeconds(30);

    readonly INotes _notes;
    readonly TimeProvider _clock;
    LedgerState _state;
    LedgerState _written;
    long _writtenAt;

    TermLedger(INotes notes, LedgerState state, TimeProvider clock) =>
        (_notes, _state, _written, _clock, _writtenAt) = (notes, state, state, clock, clock.GetTimestamp());

    /// <summary>Opens the ledger in <paramref name="folder"/>, which is created if it is missing.</summary>
    /// <exception cref="InvalidDataException">As below.</exception>
    public static TermLedger Open(string folder, TimeProvider clock) => Open(new NoteFolder(folder), clock);

    /// <summary>Opens the ledger among <paramref name="notes"/>.</summary>
    /// <exception cref="InvalidDataException">It is there and can't be read: without it an old term might be
    /// believed, so the caller must not go on by itself.</exception>
    public static TermLedger Open(INotes notes, TimeProvider clock) => new(notes, Read(notes), clock);

    /// <summary>The highest term ever seen in a trusted view.</summary>
    public Term HighestTerm => new(_state.Term);

    /// <summary>Judges a view and, if it is trusted, remembers it. A new term is on disk when this returns. Views must
    /// come in the order of <see cref="ClusterWatcher"/>: an older view of the same store would look
    /// restored.</summary>
    /// <exception cref="IOException">The ledger can't be written: the term must not be acted on.</exception>
    public StoreTrust Observe(ClusterView view)
    {
        var trust = Judge(view);
        if (trust != StoreTrust.Trusted)
            return trust;
        _state = new LedgerState
        {
            Term = Math.Max(_state.Term, view.Leader?.Term.Value ?? 0),
            Position = PositionOf(view),
            Base = Math.Max(_state.Base, view.TermBase),
            StoreId = view.StoreId,
        };
        var isTermNew = _state with { Position = _written.Position } != _written;
        var isDue = _state != _written && _clock.GetElapsedTime(_writtenAt) >= s_revisionWriteEvery;
        if (isTermNew || isDue)
            Write();
        return trust;
    }

    StoreTrust Judge(ClusterView view)
    {
        if (_state.StoreId != 0 && view.StoreId != _state.StoreId && view.TermBase <= _state.Base)
            return StoreTrust.Recreated;
        // Whoever saw nothing of what was lost goes by those who did.
        var seen = view.Members.Aggregate(_state.Term, (newest, member) => Math.Max(newest, member.Seen.Value));
        return PositionOf(view) < Math.Max(_state.Position, seen) ? StoreTrust.Restored : StoreTrust.Trusted;
    }

    static long PositionOf(ClusterView view) => view.TermBase + view.Revision;

    void Write()
    {
        _notes.Write(FileName, JsonSerializer.SerializeToUtf8Bytes(_state, LedgerJson.Default.LedgerState));
        _written = _state;
        _writtenAt = _clock.GetTimestamp();
    }

    static LedgerState Read(INotes notes)
    {
        try
        {
            return notes.Read(FileName) is { } bytes
                ? JsonSerializer.Deserialize(bytes, LedgerJson.Default.LedgerState) ?? throw new JsonException("null")
                : new LedgerState();
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{notes.PlaceOf(FileName)} is damaged; it holds the highest term seen. "
                + "Compare with the store (key leader, its mod_revision), then remove the file to begin anew", e);
        }
    }
}

/// <param name="Term">The highest term seen.</param>
/// <param name="Position">The highest base + revision seen.</param>
/// <param name="Base">The highest base of terms seen.</param>
/// <param name="StoreId">The etcd cluster that it was seen in; 0: none yet.</param>
sealed record LedgerState(long Term = 0, long Position = 0, long Base = 0, ulong StoreId = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LedgerState))]
sealed partial class LedgerJson : JsonSerializerContext;
